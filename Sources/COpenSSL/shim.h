// The system's OpenSSL, with inline functions for macros that Swift does not import.
#ifndef PASSERELLE_COPENSSL_H
#define PASSERELLE_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// Common settings of all contexts: TLS 1.2 and up, no renegotiation, no session cache, no
/// plaintext left in buffers, and modes for a non-blocking link that keeps no buffer while idle.
static inline void COpenSSL_prepare(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
#ifdef SSL_OP_CLEANSE_PLAINTEXT
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
#endif
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
}

/// The oldest protocol version that a context supports, as on the wire (0x0303 is TLS 1.2).
static inline int COpenSSL_lowest_version(SSL_CTX *context)
{
    return (int)SSL_CTX_get_min_proto_version(context);
}

/// SNI (RFC 6066 section 3): 1 on success.
static inline int COpenSSL_set_server_name(SSL *ssl, const char *name)
{
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline int COpenSSL_no_password(char *buffer, int size, int is_writing, void *argument)
{
    (void)buffer, (void)size, (void)is_writing, (void)argument;
    return 0;
}

/// Additional settings of a server: its own order of ciphers; only forward secret and authenticated
/// ciphers for TLS 1.2, as in TLS 1.3; and no prompt for a key's password.
static inline int COpenSSL_prepare_server(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_default_passwd_cb(context, COpenSSL_no_password);
    return SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
}

static const unsigned char COpenSSL_protocols[] = "\x08http/1.1";

static inline int COpenSSL_select_protocol(SSL *ssl, const unsigned char **out,
                                           unsigned char *out_length, const unsigned char *offered,
                                           unsigned int offered_length, void *argument)
{
    (void)ssl, (void)argument;
    unsigned char *chosen;
    // A client that offers only other protocols is accepted: it may still use HTTP/1.1.
    if (SSL_select_next_proto(&chosen, out_length, COpenSSL_protocols,
                              sizeof COpenSSL_protocols - 1, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/// ALPN (RFC 7301) for HTTP/1.1: offered by a client, chosen by a server.
static inline void COpenSSL_speak_http(SSL_CTX *context, int is_server)
{
    if (is_server)
        SSL_CTX_set_alpn_select_cb(context, COpenSSL_select_protocol, 0);
    else
        SSL_CTX_set_alpn_protos(context, COpenSSL_protocols, sizeof COpenSSL_protocols - 1);
}

#endif
