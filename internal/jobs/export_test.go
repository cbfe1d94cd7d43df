package jobs

import "time"

// SetPoll changes how often an engine looks for work unasked.
func (e *Engine) SetPoll(d time.Duration) { e.poll = d }

// Note makes the engine remember that the database failed with err.
func (e *Engine) Note(err error) { e.note(err) }
