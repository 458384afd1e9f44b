/* smtpload: an epoll SMTP load generator (one thread), for servers on 127.0.0.1 only.
 * cc -O2 -o smtpload smtpload.c                            without TLS
 * cc -O2 -DWITH_TLS -o smtpload smtpload.c -lssl -lcrypto  with TLS
 * smtpload PORT [-c conns] [-m messages] [-l bytes] [-r rcpts] [-p] [-x server-pid] [-n] [-t] [-i idle]
 *   -p  pipeline: MAIL RCPT.. DATA in one write; the body travels with the next group (RFC 2920)
 *   -x  also print the CPU time that this process spent per message
 *   -n  new connection for every message
 *   -t  TLS from the first octet on; connections resume the sessions of earlier ones
 *   -i  so many more connections that say EHLO and then idle, before the load starts
 * Prints: messages/s, client cpu us/msg, server cpu us/msg, failures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

enum { GREETING, EHLO, MAIL, RCPT, DATA, GROUP, BODY, QUIT, DONE };
typedef struct { SSL *ssl; int fd, state, left, rcpt; char in[8192]; int inlen; const char *out; size_t outlen; int more; } Conn;

static int tls, idle; static long resumed, handshakes;
static int port, conns = 50, rcpts = 1, pipeline, fresh, serverpid;
static long messages = 20000, started, finished, failed;
static size_t length = 1024;
static char *body, *envelope, *bodyenv; static size_t bodylen, envlen, bodyenvlen;
static int ep;

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static double cpu_self(void) { struct rusage r; getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6; }
static double cpu_of(int pid) {
  char p[64], b[1024]; snprintf(p, sizeof p, "/proc/%d/stat", pid);
  FILE *f = fopen(p, "r"); if (!f) return 0; size_t n = fread(b, 1, sizeof b - 1, f); fclose(f); b[n] = 0;
  char *s = strrchr(b, ')'); unsigned long u = 0, k = 0;
  sscanf(s + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &k);
  return (double)(u + k) / sysconf(_SC_CLK_TCK); }

#ifdef WITH_TLS
/* OpenSSL resumes a TLS 1.3 session once: every ticket is kept until it is used */
static SSL_CTX *ctx; static SSL_SESSION *sessions[4096]; static int kept;
static int keep(SSL *ssl, SSL_SESSION *s) { (void)ssl; if (kept == 4096) return 0; sessions[kept++] = s; return 1; }
static void secure(Conn *c) { if (!ctx) { ctx = SSL_CTX_new(TLS_client_method()); SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep); SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER); }
  c->ssl = SSL_new(ctx); SSL_set_fd(c->ssl, c->fd); SSL_set_tlsext_host_name(c->ssl, "load.example.com");
  if (kept) { SSL_SESSION *s = sessions[--kept]; SSL_set_session(c->ssl, s); SSL_SESSION_free(s); }
  if (SSL_connect(c->ssl) != 1) { fprintf(stderr, "TLS handshake failed\n"); exit(5); }
  handshakes++; resumed += SSL_session_reused(c->ssl); }
static ssize_t put_octets(Conn *c, const void *b, size_t n) { if (!c->ssl) return send(c->fd, b, n, MSG_NOSIGNAL);
  int r = SSL_write(c->ssl, b, n); if (r > 0) return r; int e = SSL_get_error(c->ssl, r); errno = e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ ? EAGAIN : EIO; return -1; }
static ssize_t get_octets(Conn *c, void *b, size_t n) { if (!c->ssl) return recv(c->fd, b, n, 0);
  int r = SSL_read(c->ssl, b, n); if (r > 0) return r; int e = SSL_get_error(c->ssl, r); errno = e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ ? EAGAIN : EIO; return errno == EAGAIN ? -1 : 0; }
static int has_more(Conn *c) { return c->ssl && SSL_pending(c->ssl) > 0; }
static void hang_up(Conn *c) { if (c->ssl) { SSL_shutdown(c->ssl); SSL_free(c->ssl); c->ssl = NULL; } close(c->fd); }
#else
static void secure(Conn *c) { (void)c; fprintf(stderr, "built without TLS\n"); exit(2); }
static ssize_t put_octets(Conn *c, const void *b, size_t n) { return send(c->fd, b, n, MSG_NOSIGNAL); }
static ssize_t get_octets(Conn *c, void *b, size_t n) { return recv(c->fd, b, n, 0); }
static int has_more(Conn *c) { (void)c; return 0; }
static void hang_up(Conn *c) { close(c->fd); }
#endif

static void flush_out(Conn *c) {
  while (c->outlen) { ssize_t n = put_octets(c, c->out, c->outlen);
    if (n < 0) { if (errno == EAGAIN) break; failed++; c->state = DONE; return; }
    c->out += n; c->outlen -= n; }
  struct epoll_event e = { .events = EPOLLIN | (c->outlen ? EPOLLOUT : 0), .data.ptr = c };
  int want = c->outlen != 0; if (want != c->more) { epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); c->more = want; } }
static void put(Conn *c, const char *s, size_t n) { c->out = s; c->outlen = n; flush_out(c); }

static void open_idle(Conn *c) {
  memset(c, 0, sizeof *c); c->fd = socket(AF_INET, SOCK_STREAM, 0); int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) }; a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(c->fd, (void *)&a, sizeof a) < 0) { perror("connect"); exit(2); }
  if (tls) secure(c); }

static void open_conn(Conn *c) {
  open_idle(c);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = c }; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e); c->state = GREETING; }

static const char MAILCMD[] = "MAIL FROM:<sender@example.com>\r\n", RCPTCMD[] = "RCPT TO:<recipient@example.net>\r\n";
static void next_message(Conn *c) {
  if (started >= messages) { c->state = QUIT; put(c, "QUIT\r\n", 6); return; }
  started++;
  if (pipeline) { c->state = GROUP; c->left = rcpts + 2; put(c, envelope, envlen); }
  else { c->state = MAIL; put(c, MAILCMD, sizeof MAILCMD - 1); } }

static void reply(Conn *c, int code) {
  int want = c->state == GREETING ? 220 : c->state == DATA ? 354 : c->state == QUIT ? 221 : c->state == GROUP && c->left == 1 ? 354 : 250;
  if (code != want) { failed++; fprintf(stderr, "state %d: got %d\n", c->state, code); exit(3); }
  switch (c->state) {
  case GREETING: c->state = EHLO; put(c, "EHLO load.example.com\r\n", 23); break;
  case EHLO: next_message(c); break;
  case MAIL: c->state = RCPT; c->rcpt = 0; put(c, RCPTCMD, sizeof RCPTCMD - 1); break;
  case RCPT: if (++c->rcpt < rcpts) put(c, RCPTCMD, sizeof RCPTCMD - 1); else { c->state = DATA; put(c, "DATA\r\n", 6); } break;
  case DATA: c->state = BODY; put(c, body, bodylen); break;
  case BODY: finished++; if (fresh) { c->state = QUIT; put(c, "QUIT\r\n", 6); } else next_message(c); break;
  case GROUP:
    if (--c->left) break;
    /* 354 seen: send the body, with the next envelope behind it if there is one */
    if (!fresh && started < messages) { started++; c->left = rcpts + 3; c->state = GROUP; c->rcpt = 1; put(c, bodyenv, bodyenvlen); }
    else { c->state = BODY; put(c, body, bodylen); }
    break;
  case QUIT: hang_up(c); if (fresh && started < messages) { open_conn(c); } else c->state = DONE; break; } }

int main(int argc, char **argv) {
  if (argc < 2) return 2; port = atoi(argv[1]); int o; optind = 2;
  while ((o = getopt(argc, argv, "c:m:l:r:px:nti:")) != -1) switch (o) {
    case 'c': conns = atoi(optarg); break; case 'm': messages = atol(optarg); break; case 'l': length = atol(optarg); break;
    case 'r': rcpts = atoi(optarg); break; case 'p': pipeline = 1; break; case 'x': serverpid = atoi(optarg); break; case 'n': fresh = 1; break;
    case 't': tls = 1; break; case 'i': idle = atoi(optarg); break; default: return 2; }
  body = malloc(length + 256); bodylen = sprintf(body, "From: <sender@example.com>\r\nTo: <recipient@example.net>\r\nSubject: load\r\nMIME-Version: 1.0\r\n\r\n");
  while (bodylen < length) { size_t n = length - bodylen; if (n > 78) n = 78; if (n < 3) n = 3; memset(body + bodylen, 'x', n - 2); memcpy(body + bodylen + n - 2, "\r\n", 2); bodylen += n; }
  memcpy(body + bodylen, ".\r\n", 3); bodylen += 3;
  envelope = malloc(128 + 64 * (size_t)rcpts); envlen = sprintf(envelope, "%s", MAILCMD);
  for (int i = 0; i < rcpts; i++) envlen += sprintf(envelope + envlen, "%s", RCPTCMD);
  envlen += sprintf(envelope + envlen, "DATA\r\n");
  bodyenv = malloc(bodylen + envlen); memcpy(bodyenv, body, bodylen); memcpy(bodyenv + bodylen, envelope, envlen); bodyenvlen = bodylen + envlen;

  for (int i = 0; i < idle; i++) { Conn c; memset(&c, 0, sizeof c); char b[2048]; open_idle(&c); get_octets(&c, b, sizeof b); put_octets(&c, "EHLO idle.example.com\r\n", 23); get_octets(&c, b, sizeof b); }
  ep = epoll_create1(0); Conn *cs = calloc(conns, sizeof *cs); for (int i = 0; i < conns; i++) open_conn(&cs[i]);
  double t0 = now(), c0 = cpu_self(), s0 = serverpid ? cpu_of(serverpid) : 0; struct epoll_event ev[256]; int live = conns;
  while (live) { int n = epoll_wait(ep, ev, 256, 30000); if (n == 0) { fprintf(stderr, "stalled: %ld of %ld\n", finished, messages); return 4; }
    for (int i = 0; i < n; i++) { Conn *c = ev[i].data.ptr; if (c->state == DONE) continue;
      if (ev[i].events & EPOLLOUT) flush_out(c);
      if (!(ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      again:;
      ssize_t r = get_octets(c, c->in + c->inlen, sizeof c->in - c->inlen);
      if (r < 0 && errno == EAGAIN) continue;
      if (r <= 0) { if (c->state != QUIT) failed++; hang_up(c); c->state = DONE; live--; continue; }
      c->inlen += r; int pos = 0, fd = c->fd;
      for (;;) { char *nl = memchr(c->in + pos, '\n', c->inlen - pos); if (!nl) break; char *line = c->in + pos; pos = nl + 1 - c->in;
        if (line[3] == '-') continue; int code = atoi(line);
        /* in a pipelined group that carries a body in front, its 250 counts the message */
        if (c->state == GROUP && c->rcpt == 1) { if (code == 250) finished++; c->rcpt = 0; c->left--; if (code != 250) { failed++; fprintf(stderr, "body: %d\n", code); exit(3);} continue; }
        reply(c, code); if (c->state == DONE || c->fd != fd || (fresh && c->state == GREETING)) break; }
      if (c->state == DONE) { live--; continue; }
      if (c->state == GREETING && c->inlen && pos == 0 && r == 0) continue;
      if (c->fd == fd && c->inlen >= pos && c->state != GREETING) { memmove(c->in, c->in + pos, c->inlen - pos); c->inlen -= pos; }
      if (c->fd == fd && has_more(c)) goto again; } }
  double t = now() - t0, cu = cpu_self() - c0, su = serverpid ? cpu_of(serverpid) - s0 : 0;
  printf("%.0f msg/s  wall %.3f s  client %.1f us/msg  server %.1f us/msg  sent %ld  failed %ld\n", finished / t, t, cu / finished * 1e6, su / finished * 1e6, finished, failed);
  if (tls) printf("TLS: %ld of %ld handshakes resumed a session\n", resumed, handshakes);
  return failed != 0; }
