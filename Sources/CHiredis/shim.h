// hiredis' own header.
#include <hiredis/hiredis.h>
