package jobs

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/regulars/regulars/internal/sqldb"
)

// schedule queues a job at each tick of a clock.
type schedule struct {
	name string
	cron cron.Schedule
	args Args
	last int64 // the tick it has reached
}

// Schedule queues args at each tick of spec, five cron fields in UTC or
// "@every 1h". However many nodes have it, there is one job a tick; a tick
// while the last job has not ended, and all but the last of ticks that passed
// while no node lived, are left out; so are the ticks of a day after a job of
// the schedule that was given up since its process ended again and again.
// name never changes. Call it before Start.
func (e *Engine) Schedule(name, spec string, args Args) {
	parsed, err := cron.ParseStandard(spec)
	if err != nil {
		panic("jobs: schedule " + name + ": " + err.Error()) //nolint:forbidigo // a mistake in the wiring, seen at the first start
	}
	e.schedules = append(e.schedules, &schedule{name: name, cron: parsed, args: args})
}

// next is the first tick after one, in Unix milliseconds.
func (s *schedule) next(after int64) int64 {
	return s.cron.Next(time.UnixMilli(after).UTC()).UnixMilli()
}

// startSchedules goes on where other processes stopped; a new schedule begins
// now, and that is kept, or "@every 24h" would begin again at each restart.
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
		if _, err := moveSchedule(ctx, tx, s.name, s.last); err != nil {
			return err
		}
	}
	return nil
}

// nextTick is when the next schedule is due, 0 without schedules.
func (e *Engine) nextTick() (next int64) {
	for _, s := range e.schedules {
		if t := s.next(s.last); next == 0 || t < next {
			next = t
		}
	}
	return next
}

// tick queues the jobs of schedules that are due.
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
			first, err := moveSchedule(ctx, tx, s.name, due)
			if err != nil || !first {
				return err
			}
			unique := "schedule:" + s.name
			deadly, err := DiedSince(ctx, tx, s.args, unique, time.UnixMilli(due-dayMS))
			if err != nil || deadly {
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
