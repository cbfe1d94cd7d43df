package event

import "time"

// SetPoll sets the polling interval, before Start.
func (s *Events) SetPoll(d time.Duration) { s.poll = d }

// ConsumeArgs are the arguments of the job of a consumer.
type ConsumeArgs = consumeArgs

// NumberBatch is how many events one transaction numbers.
const NumberBatch = numberBatch
