package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// IsDuplicate reports whether err is a unique or primary key violation.
func IsDuplicate(err error) bool {
	lite, pg := errorCodes(err)
	return lite == 2067 || lite == 1555 || pg == "23505"
}

// IsConstraint reports whether the database rejected the data of a statement by
// a constraint, a trigger, a type or a size limit. The same statement with other
// data may succeed.
func IsConstraint(err error) bool {
	lite, pg := errorCodes(err)
	switch lite & 0xff {
	case 18, 19, 20: // too big, constraint, mismatch
		return true
	}
	// 22 data exception, 23 integrity constraint, raised by a trigger, too
	// large for an index
	return strings.HasPrefix(pg, "22") || strings.HasPrefix(pg, "23") || pg == "P0001" || pg == "54000"
}

// Constraint describes the violated constraint, starting with the name of its
// table. It is for messages, not for decisions.
func Constraint(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.TableName + "." + e.ConstraintName
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		if _, columns, ok := strings.Cut(e.Error(), "constraint failed: "); ok {
			if _, inner, ok := strings.Cut(columns, "constraint failed: "); ok {
				return inner
			}
			return columns
		}
	}
	return ""
}

// IsForeignKeyViolation reports whether err is a foreign key violation.
func IsForeignKeyViolation(err error) bool {
	lite, pg := errorCodes(err)
	return lite == 787 || pg == "23503"
}

// IsUnavailable reports whether the database is unreachable, overloaded or out
// of disk space: the same call may succeed later.
func IsUnavailable(err error) bool {
	if errors.Is(err, errGroupRolledBack) {
		return true
	}
	lite, pg := errorCodes(err)
	switch lite & 0xff {
	case 5, 6, 10, 13, 14: // busy, locked, i/o error, full, cannot open
		return true
	}
	// 08 connection, 53 resources (disk full, too many connections), 57P
	// shutdown, 25P03 the process sent no statement for too long
	if strings.HasPrefix(pg, "08") || strings.HasPrefix(pg, "53") || strings.HasPrefix(pg, "57P") || pg == "25006" || pg == "25P03" {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the caller gave up
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) || isBrokenConnection(err)
}

// IsDiskFull reports whether the disk of the database is full. Such an error
// is also IsUnavailable.
func IsDiskFull(err error) bool {
	lite, pg := errorCodes(err)
	return lite&0xff == 13 || lite == 4874 || pg == "53100" // full, no space for the WAL index
}

// isBrokenConnection recognizes connection errors that pgx reports only as text.
func isBrokenConnection(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "unexpected EOF") || strings.Contains(text, "conn closed") || strings.Contains(text, "broken pipe")
}

// IsRetryable reports whether DB.Tx retries after err: a deadlock, a
// serialization failure or a connection that broke while idle.
func IsRetryable(err error) bool {
	if _, ok := errors.AsType[notBegunError](err); ok && IsUnavailable(err) {
		return true // the pooled connection was broken
	}
	if errors.Is(err, errGroupRolledBack) {
		return true
	}
	lite, pg := errorCodes(err)
	return lite&0xff == 5 || pg == "40001" || pg == "40P01" // busy, serialization, deadlock
}

// notBegunError is the error of a transaction that ran no statement.
type notBegunError struct{ error }

func (e notBegunError) Unwrap() error { return e.error }

// errGroupRolledBack is the error of every transaction of a commit group after a
// full rollback that another one forced. It is retryable.
var errGroupRolledBack = errors.New("the transaction was rolled back with its commit group")

func errorCodes(err error) (lite int, pg string) {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		lite = e.Code()
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		pg = e.Code
	}
	return lite, pg
}
