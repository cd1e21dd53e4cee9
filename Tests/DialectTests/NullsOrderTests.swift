// Each order says where NULL stands, unless it can't be there.

import Dialect
import Testing

@Suite struct NullsOrderTests {
  @Test func everyTermOfAnOrderSaysWhereNullIs() {
    let cases = [
      ("SELECT a FROM t", "SELECT a FROM t"),
      ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a NULLS LAST"),
      (
        "SELECT a FROM t ORDER BY a DESC, t.b ASC LIMIT 1",
        "SELECT a FROM t ORDER BY a DESC NULLS FIRST, t.b ASC NULLS LAST LIMIT 1"
      ),
      ("SELECT a FROM t ORDER BY id, t.id DESC", "SELECT a FROM t ORDER BY id, t.id DESC"),
      ("SELECT a FROM t ORDER BY id + 1;", "SELECT a FROM t ORDER BY id + 1 NULLS LAST;"),
      ("SELECT a FROM t ORDER BY a NULLS FIRST", "SELECT a FROM t ORDER BY a NULLS FIRST"),
      (
        "SELECT a FROM t LEFT JOIN u ON 1 = 1 ORDER BY id",
        "SELECT a FROM t LEFT JOIN u ON 1 = 1 ORDER BY id NULLS LAST"
      ),
      (
        "SELECT (SELECT b FROM u ORDER BY f(b, 1) DESC LIMIT 1) FROM t ORDER BY (SELECT c FROM u ORDER BY c), 'ORDER BY x'",
        "SELECT (SELECT b FROM u ORDER BY f(b, 1) DESC NULLS FIRST LIMIT 1) FROM t ORDER BY (SELECT c FROM u ORDER BY c NULLS LAST) NULLS LAST, 'ORDER BY x' NULLS LAST"
      ),
      (
        "SELECT rank() OVER (PARTITION BY a ORDER BY b ROWS 1 PRECEDING) FROM t",
        "SELECT rank() OVER (PARTITION BY a ORDER BY b NULLS LAST ROWS 1 PRECEDING) FROM t"
      ),
    ]
    for (sql, expected) in cases {
      #expect(NullsOrder.applied(to: sql) { $0 == "id" } == expected)
    }
  }
}
