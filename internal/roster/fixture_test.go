package roster_test

import (
	"testing"

	"github.com/regulars/regulars/internal/member/membertest"
)

type fixture struct{ *membertest.Fixture }

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(f *membertest.Fixture) { test(&fixture{f}) })
}
