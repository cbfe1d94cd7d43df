package sqldb

import (
	"container/list"
	"context"
	"database/sql"
	"sync"
)

// statements keeps what SQLite has parsed: for a short query the parsing costs
// more than the answer. PostgreSQL's driver does so by itself.
type statements struct {
	pool  *sql.DB
	mutex sync.Mutex
	kept  map[string]*list.Element // of statement, by its query
	order *list.List               // the one used last in front
}

// keptStatements bounds the memory: each takes some kilobytes on each
// connection.
const keptStatements = 160

type statement struct {
	query string
	stmt  *sql.Stmt
	users int
	gone  bool // whoever uses it last closes it
}

func newStatements(pool *sql.DB) *statements {
	return &statements{pool: pool, kept: map[string]*list.Element{}, order: list.New()}
}

// take returns the statement of a query. Give it back as soon as it was asked:
// its rows may be read later.
func (s *statements) take(ctx context.Context, query string) (*statement, error) {
	if found := s.find(query); found != nil {
		return found, nil
	}
	stmt, err := s.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.keep(&statement{query: query, stmt: stmt, users: 1}), nil
}

func (s *statements) find(query string) *statement {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	element := s.kept[query]
	if element == nil {
		return nil
	}
	s.order.MoveToFront(element)
	found := element.Value.(*statement)
	found.users++
	return found
}

// keep puts a statement in front and lets go of the one that was not used for
// longest. Of two that were prepared at the same time the second is not kept.
func (s *statements) keep(made *statement) *statement {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.kept[made.query] != nil {
		made.gone = true
		return made
	}
	s.kept[made.query] = s.order.PushFront(made)
	if s.order.Len() > keptStatements {
		last := s.order.Remove(s.order.Back()).(*statement)
		delete(s.kept, last.query)
		last.gone = true
		last.closeUnused()
	}
	return made
}

func (s *statements) giveBack(used *statement) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	used.users--
	used.closeUnused()
}

func (s *statement) closeUnused() {
	if s.gone && s.users == 0 {
		_ = s.stmt.Close() // rows that are still read keep what they need of it
	}
}
