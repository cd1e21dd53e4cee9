// SQLite's own header, and the calls that Swift cannot spell: its variadic and cast-to-pointer macros.
#include <sqlite3.h>

#include <locale.h>
#include <stdint.h>
#include <wctype.h>

/// Binds a copy of the text or blob.
static inline int heights_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 count) {
  return sqlite3_bind_text64(statement, index, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline int heights_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
  return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Gives a copy of the text or blob as a function's result.
static inline void heights_result_text(sqlite3_context *context, const void *text, sqlite3_uint64 count) {
  sqlite3_result_text64(context, text ? (const char *)text : "", count, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline void heights_result_blob(sqlite3_context *context, const void *bytes, sqlite3_uint64 count) {
  sqlite3_result_blob64(context, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}

/// A letter as a capital or a small one, in a locale of newlocale's.
static inline uint32_t heights_upper(uint32_t letter, locale_t locale) { return towupper_l(letter, locale); }
static inline uint32_t heights_lower(uint32_t letter, locale_t locale) { return towlower_l(letter, locale); }

/// From now on "x" is a name and never a text; what a schema has from before stays as it was meant.
static inline int heights_refuse_quoted_texts(sqlite3 *database) {
  int code = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
  return code == SQLITE_OK ? sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0) : code;
}
