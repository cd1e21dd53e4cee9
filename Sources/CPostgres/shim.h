// libpq's own header, and the call that Swift can't spell: a notice receiver hands over a const pointer of its own.
#include <libpq-fe.h>
