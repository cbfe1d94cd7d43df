package jobs

import "time"

// SetPoll sets the polling interval.
func (e *Engine) SetPoll(d time.Duration) { e.poll = d }

// NoteOutage records a failure of the database.
func (e *Engine) NoteOutage(err error) { e.noteOutage(err) }
