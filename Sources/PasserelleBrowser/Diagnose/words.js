// SPDX-License-Identifier: MIT

const seconds = (ms) => (ms / 1000).toFixed(ms < 10000 ? 1 : 0)
const french = (ms) => seconds(ms).replace(".", ",")

/** The names of the tests in the page's table and in its lines. */
const names = {
  fr: {
    socket: "WebSocket", first: "début du flux", frames: "flux sans retard", life: "durée du flux",
    polls: "requêtes longues", post: "envoi", cookie: "cookies", authorization: "en-tête Authorization",
    cache: "réponses sans cache", clock: "horloge", http: "version HTTP",
  },
  en: {
    socket: "WebSocket", first: "start of the stream", frames: "stream without delay", life: "stream duration",
    polls: "long polls", post: "sending", cookie: "cookies", authorization: "Authorization header",
    cache: "answers without cache", clock: "clock", http: "HTTP version",
  },
}

/** The verdicts, from the best to the worst. */
const verdicts = {
  fr: {
    all: "Le chat fonctionne en direct", stream: "Le chat fonctionne en direct, sans WebSocket",
    slow: "Le chat fonctionne, avec quelques secondes de retard",
    read: "Le chat peut être lu, mais rien ne peut y être écrit",
    none: "Le chat ne peut pas fonctionner sur ce réseau",
  },
  en: {
    all: "The chat works live", stream: "The chat works live, without a WebSocket",
    slow: "The chat works, with a delay of some seconds",
    read: "The chat can be read, but not written to", none: "The chat cannot work on this network",
  },
}

/** What was found, for each test that is not good. */
const findings = {
  fr: {
    socket: ({ socket }, grade) => ({
      0: "WebSocket bloqué", 3: `WebSocket coupé après ${french(socket.closed_ms - socket.opened_ms)} s`,
      5: "WebSocket sans réponse de Pusher",
    })[grade],
    first: ({ stream }, grade) =>
      grade === "0" ? "flux bloqué" : `début du flux après ${french(stream.first_ms)} s`,
    frames: ({ stream }, grade) => ({ 0: "flux vide", 1: "flux retenu jusqu’à sa fin" })[grade]
      ?? `flux retardé de ${french(stream.delay_ms)} s`,
    life: ({ stream }) => `flux coupé après ${french(stream.lived_ms)} s`,
    polls: ({ polls }) => `requêtes longues coupées : ${missing(polls)} s`,
    post: (_, grade) => grade === "5" ? "envoi modifié en route" : "envoi bloqué",
    cookie: () => "cookies retirés", authorization: () => "en-tête Authorization retiré",
    cache: () => "réponses prises d’un cache",
    clock: ({ time }) => `horloge de cet appareil décalée de ${french(Math.abs(time.clock_ms))} s`,
  },
  en: {
    socket: ({ socket }, grade) => ({
      0: "WebSocket blocked", 3: `WebSocket cut after ${seconds(socket.closed_ms - socket.opened_ms)} s`,
      5: "WebSocket without an answer from Pusher",
    })[grade],
    first: ({ stream }, grade) =>
      grade === "0" ? "stream blocked" : `stream begins after ${seconds(stream.first_ms)} s`,
    frames: ({ stream }, grade) => ({ 0: "stream empty", 1: "stream held until its end" })[grade]
      ?? `stream delayed by ${seconds(stream.delay_ms)} s`,
    life: ({ stream }) => `stream cut after ${seconds(stream.lived_ms)} s`,
    polls: ({ polls }) => `long polls cut: ${missing(polls)} s`,
    post: (_, grade) => grade === "5" ? "sending changed on the way" : "sending blocked",
    cookie: () => "cookies removed", authorization: () => "Authorization header removed",
    cache: () => "answers come from a cache",
    clock: ({ time }) => `this device’s clock is off by ${seconds(Math.abs(time.clock_ms))} s`,
  },
}

const missing = (polls) => polls.filter(({ works }) => !works).map((poll) => poll.seconds).join(", ")

/** What an administrator can do about it. */
const remedies = {
  fr: {
    socket: ({ socketHost }) => `autoriser les WebSockets vers ${socketHost}`,
    first: ({ host }) => `laisser passer sans mise en tampon les réponses text/event-stream de ${host}`,
    frames: ({ host }) => `laisser passer sans mise en tampon les réponses text/event-stream de ${host}`,
    life: ({ host }) => `ne pas couper avant 90 s les réponses de ${host}`,
    polls: ({ host }) => `ne pas couper avant 90 s les réponses de ${host}`,
    post: ({ host }) => `laisser passer les requêtes POST vers ${host}`,
    cookie: ({ host }) => `laisser passer les cookies de ${host}`,
    authorization: ({ host }) => `laisser passer l’en-tête Authorization vers ${host}`,
    cache: ({ host }) => `ne pas mettre en cache les réponses de ${host}`,
    clock: () => "régler l’horloge de cet appareil",
  },
  en: {
    socket: ({ socketHost }) => `allow WebSockets to ${socketHost}`,
    first: ({ host }) => `pass text/event-stream answers of ${host} without buffering`,
    frames: ({ host }) => `pass text/event-stream answers of ${host} without buffering`,
    life: ({ host }) => `do not cut answers of ${host} before 90 s`,
    polls: ({ host }) => `do not cut answers of ${host} before 90 s`,
    post: ({ host }) => `pass POST requests to ${host}`,
    cookie: ({ host }) => `pass cookies of ${host}`,
    authorization: ({ host }) => `pass the Authorization header to ${host}`,
    cache: ({ host }) => `do not cache answers of ${host}`,
    clock: () => "set this device’s clock",
  },
}

/** The other texts of the report and the page. */
const texts = {
  fr: {
    works: "Fonctionne : ", fails: "Ne fonctionne pas : ", nothingFails: "Aucun problème trouvé.",
    tell: "À dire à votre administrateur : ", nothingToTell: "Rien à demander à votre administrateur.",
    untested: "non testé", good: "bon", bad: "problème", waits: "en cours",
    running: (share) => `Test en cours : ${share} %`, done: (code) => `Test terminé. Code : ${code}`,
    unavailable: "Le serveur ne répond pas. Vérifiez la connexion, puis relancez le test.",
    copied: "Copié.", notCopied: "Copie impossible : sélectionnez le texte.",
  },
  en: {
    works: "Works: ", fails: "Does not work: ", nothingFails: "No problem found.",
    tell: "Tell your administrator: ", nothingToTell: "There is nothing to ask your administrator for.",
    untested: "not tested", good: "good", bad: "problem", waits: "running",
    running: (share) => `Test running: ${share} %`, done: (code) => `Test finished. Code: ${code}`,
    unavailable: "The server does not answer. Check the connection, then repeat the test.",
    copied: "Copied.", notCopied: "Cannot copy: select the text.",
  },
}
