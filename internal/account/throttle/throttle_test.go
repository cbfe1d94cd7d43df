package throttle

import (
	"testing"
	"time"
)

// guessesADay is how often somebody may fail who never gives up.
func (p backoff) guessesADay() (n int64) {
	for at := time.Duration(0); at < 24*time.Hour; at += p.delay(n) {
		n++
	}
	return n
}

func TestTwoNamesGiveNoMoreGuessesADayThanOneAccount(t *testing.T) {
	both, one := 2*nameBackoff.guessesADay(), accountBackoff.guessesADay()
	if both > one*5/4 {
		t.Errorf("%d guesses by both names of an account, %d at the account itself", both, one)
	}
}
