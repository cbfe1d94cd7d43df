package jobs

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/regulars/regulars/internal/sqldb"
)

// schedule queues a job at each tick.
type schedule struct {
	name string
	cron cron.Schedule
	args Args
	last int64 // last tick reached, Unix milliseconds
}

// Schedule queues args at each tick of spec, five cron fields in UTC or "@every
// 1h", once per tick however many nodes there are. It skips a tick while the
// previous job has not ended, all but the last of the ticks missed while no node
// was live, and the ticks of a day after a job of the schedule has died by
// crashes. name must not change. Call Schedule before Start.
func (e *Engine) Schedule(name, spec string, args Args) {
	parsed, err := cron.ParseStandard(spec)
	if err != nil {
		panic("jobs: schedule " + name + ": " + err.Error()) //nolint:forbidigo // a programming error, found at the first start
	}
	e.schedules = append(e.schedules, &schedule{name: name, cron: parsed, args: args})
}

// next returns the first tick after a time; both are in Unix milliseconds.
func (s *schedule) next(after int64) int64 {
	return s.cron.Next(time.UnixMilli(after).UTC()).UnixMilli()
}

// startSchedules continues the schedules after their last tick. It saves the
// start of a new schedule, otherwise "@every 24h" would start over at each
// restart.
func (e *Engine) startSchedules(ctx context.Context, tx *sqldb.Tx) error {
	for _, s := range e.schedules {
		last, err := lastTick(ctx, tx, s.name)
		if err != nil {
			return err
		}
		if s.last = last; last != 0 {
			continue
		}
		s.last = e.clock.MS()
		if _, err := advanceSchedule(ctx, tx, s.name, s.last); err != nil {
			return err
		}
	}
	return nil
}

// nextTick returns the time of the next tick, 0 without schedules.
func (e *Engine) nextTick() (next int64) {
	for _, s := range e.schedules {
		if t := s.next(s.last); next == 0 || t < next {
			next = t
		}
	}
	return next
}

// tick queues the jobs of due schedules.
func (e *Engine) tick(ctx context.Context) error {
	for _, s := range e.schedules {
		due := int64(0)
		for t := s.next(s.last); t <= e.clock.MS(); t = s.next(t) {
			due = t
		}
		if due == 0 {
			continue
		}
		err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
			first, err := advanceSchedule(ctx, tx, s.name, due)
			if err != nil || !first {
				return err
			}
			unique := "schedule:" + s.name
			crashed, err := CrashedSince(ctx, tx, s.args, unique, time.UnixMilli(due-dayMS))
			if err != nil || crashed {
				return err
			}
			_, err = Insert(ctx, tx, s.args, Options{Unique: unique, Lane: Large})
			return err
		})
		if err != nil {
			return err
		}
		s.last = due
	}
	return nil
}
