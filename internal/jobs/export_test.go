package jobs

import "time"

// SetPoll changes how often an engine looks for work unasked.
func (e *Engine) SetPoll(d time.Duration) { e.poll = d }
