// OpenSSL's own headers, and what they say in macros that Swift can't read.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// Tells the server which name it is asked by; 0 when that failed.
static inline long heights_tls_name_server(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name);
}

/// A write may stop in the middle, and go on from other memory. The server can't begin anew with another certificate.
static inline void heights_tls_set_up(SSL_CTX *context) {
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
}

/// TLS 1.2 or newer; 0 when that failed.
static inline long heights_tls_refuse_old(SSL_CTX *context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}
