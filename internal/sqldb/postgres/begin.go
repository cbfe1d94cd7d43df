package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/regulars/regulars/internal/clock"
)

const planCacheMode = "plan_cache_mode"

// defaultPlanAge is how long a plan is used again. Tables may grow by some 100,000 rows
// meanwhile.
const defaultPlanAge = 2 * time.Second

// Begin begins a transaction. Those of requests run the same few statements, so
// PostgreSQL may use a plan again, for Options.PlanAge.
func (p *Pool) Begin(ctx context.Context, conn *sql.Conn, request bool) error {
	if !request || p.planAge == 0 {
		_, err := conn.ExecContext(ctx, "BEGIN")
		return err
	}
	return conn.Raw(func(raw any) error {
		c := raw.(*stdlib.Conn).Conn()
		statement := "BEGIN; SET LOCAL " + planCacheMode + " = auto"
		if p.plansAreOld(c) {
			statement = "DISCARD PLANS; " + statement
		}
		_, err := c.Exec(ctx, statement) // in one round trip
		return err
	})
}

// plansAreOld reports whether plans of a connection are discarded now.
func (p *Pool) plansAreOld(c *pgx.Conn) bool {
	const key = "plans discarded"
	now, data := clock.Monotonic(), c.PgConn().CustomData()
	if last, found := data[key].(time.Duration); found && now-last < p.planAge {
		return false
	}
	data[key] = now
	return true
}
