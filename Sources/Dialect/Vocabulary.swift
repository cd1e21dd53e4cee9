// Words that the two engines take for different things.

/// What functions, types and names of one engine are to the other.
package enum Vocabulary {
  /// Functions that give the same on both engines, some of them since SQLite is given PostgreSQL's (`SQLiteFunctions`).
  package static let functions: Set<String> = [
    "abs", "avg", "ceil", "ceiling", "coalesce", "count", "cume_dist", "dense_rank", "first_value", "floor",
    "greatest",
    "lag", "last_value", "lead", "least", "length", "like", "lower", "ltrim", "max", "min", "next_id",
    "nth_value",
    "ntile", "nullif", "percent_rank", "rank", "replace", "round", "row_number", "rtrim", "strpos", "substr",
    "substring", "sum", "trim", "upper",
  ]

  /// Functions of SQLite's (3.40, with its extensions) that PostgreSQL does not have, or which give something else there.
  package static let foreignFunctions: Set<String> = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "bm25", "changes", "char", "concat",
    "concat_ws", "cos",
    "cosh", "current_date", "current_time", "current_timestamp", "date", "datetime", "degrees", "exp",
    "format",
    "fts3_tokenizer", "fts5", "fts5_source_id", "glob", "group_concat", "hex", "highlight", "if", "ifnull",
    "iif",
    "instr", "json", "json_array", "json_array_length", "json_each", "json_extract", "json_group_array",
    "json_group_object", "json_insert", "json_object", "json_patch", "json_quote", "json_remove",
    "json_replace",
    "json_set", "json_tree", "json_type", "json_valid", "julianday", "last_insert_rowid", "likelihood",
    "likely", "ln",
    "load_extension", "log", "log10", "log2", "match", "matchinfo", "mod", "octet_length", "offsets",
    "optimize", "pi",
    "pow", "power", "printf", "quote", "radians", "random", "randomblob", "rtreecheck", "rtreedepth",
    "rtreenode",
    "sign", "sin", "sinh", "snippet", "soundex", "sqlite_compileoption_get", "sqlite_compileoption_used",
    "sqlite_log",
    "sqlite_source_id", "sqlite_version", "sqrt", "strftime", "string_agg", "subtype", "tan", "tanh", "time",
    "timediff", "total", "total_changes", "trunc", "typeof", "unhex", "unicode", "unixepoch", "unlikely",
    "zeroblob",
  ]

  /// What to write instead of the most common of them.
  static func instead(of function: String) -> String {
    switch function {
    case "ifnull": "write coalesce"
    case "iif", "if": "write CASE WHEN … THEN … ELSE … END"
    case "instr": "write strpos"
    case "group_concat", "string_agg": "read the rows, and join them in the app"
    case "total": "write coalesce(sum(…), 0)"
    case "random", "randomblob": "bind a value that the app has made"
    case "date", "time", "datetime", "julianday", "strftime", "timediff", "unixepoch":
      "bind the time, in milliseconds as a BIGINT"
    case "last_insert_rowid": "write RETURNING"
    case "changes", "total_changes": "use what `execute` returns"
    case "printf", "format", "concat", "concat_ws", "hex", "unhex", "quote", "char", "unicode":
      "make the text in the app, or with ||"
    case "octet_length": "write length, of bytes"
    case let name where name.hasPrefix("json"): "keep it in columns, or take it apart in the app"
    default: "compute it in the app"
    }
  }

  /// What PostgreSQL 15 reserves (categories R and T of `pg_get_keywords()`): a name only in quotation marks.
  package static let reserved: Set<String> = [
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary",
    "both",
    "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
    "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false",
    "fetch", "for",
    "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner",
    "intersect",
    "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp",
    "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps",
    "placing",
    "primary", "references", "returning", "right", "select", "session_user", "similar", "some", "symmetric",
    "table",
    "tablesample", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic",
    "verbose", "when",
    "where", "window", "with",
  ]

  /// Those of them that mean nothing to SQLite: without quotation marks they are names there, and in PostgreSQL an error, or
  /// (`user`) somebody else's value.
  static let taken: Set<String> = [
    "analyse", "any", "array", "asymmetric", "authorization", "binary", "both", "collation", "concurrently",
    "current_catalog", "current_role", "current_schema", "current_user", "fetch", "freeze", "grant", "ilike",
    "lateral",
    "leading", "localtime", "localtimestamp", "only", "overlaps", "placing", "session_user", "similar",
    "some",
    "symmetric", "tablesample", "trailing", "user", "variadic", "verbose",
  ]

  /// The types that both engines have.
  static let types = "BIGINT, TEXT, BYTEA or DOUBLE PRECISION"

  /// What to declare instead of a type; nil for one of the four.
  static func type(insteadOf words: [String]) -> String? {
    switch words.joined(separator: " ") {
    case "bigint", "text", "bytea", "double precision": return nil
    default: break
    }
    switch words.first ?? "" {
    case "": return Self.types
    case "int", "integer", "smallint", "tinyint", "mediumint", "int2", "int4", "int8", "unsigned", "serial",
      "bigserial":
      return "BIGINT"
    case "bool", "boolean": return "BIGINT CHECK (… IN (0, 1))"
    case "real", "float", "float4", "float8", "double": return "DOUBLE PRECISION"
    case "blob", "binary", "varbinary": return "BYTEA"
    case "date", "time", "datetime", "timestamp", "timestamptz": return "BIGINT, of milliseconds"
    case "numeric", "decimal", "money": return "BIGINT, of the smallest unit, such as cents"
    case "char", "character", "varchar", "nchar", "nvarchar", "clob", "string", "json", "jsonb", "uuid",
      "citext":
      return "TEXT"
    default: return Self.types
    }
  }
}
