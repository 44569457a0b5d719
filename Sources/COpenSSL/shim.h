// OpenSSL as the system has it, plus inline functions for macros that Swift does not import.
#ifndef PASSERELLE_COPENSSL_H
#define PASSERELLE_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#endif
