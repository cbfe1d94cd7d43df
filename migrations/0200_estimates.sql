-- +goose Up
-- owner: sqldb
-- oldest: 127
-- Without statistics SQLite assumes that a community has ten rows in a table WITHOUT ROWID whose primary key begins with
-- the community, and reads them all in place of an index. These estimates say that all rows of a table are of one community;
-- otherwise they are those that SQLite assumes. They are the same in each database, so plans do not depend on its content.
-- A later migration with such a table repeats the second statement for it.
{sqlite: ANALYZE ledger_totals;}
{sqlite: INSERT INTO sqlite_stat1 (tbl, idx, stat)
  SELECT t.name, CASE i.origin WHEN 'pk' THEN t.name ELSE i.name END,
    '1000000 ' || group_concat(CASE
      WHEN c.seqno = 0 AND c.name = 'community_id' THEN 1000000
      WHEN i."unique" AND c.seqno = (SELECT max(seqno) FROM pragma_index_info(i.name)) THEN 1
      ELSE max(10 - c.seqno, 5) END, ' ' ORDER BY c.seqno)
  FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
  WHERE t.type = 'table' AND t.sql LIKE '%WITHOUT ROWID%' GROUP BY t.name, i.name;}
{sqlite: ANALYZE sqlite_schema;}
