package tier_test

import (
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/progress/tier"
)

func TestPreviewCountsMembersByTheirXP(t *testing.T) {
	each(t, func(f *fixture) {
		all := f.Total()
		counts := func(in tier.Input, below int64, want ...int64) {
			t.Helper()
			got, err := f.tiers.Preview(f.Context(), membertest.Command, f.Community, in)
			f.OK(err)
			if got.Below != below || !slices.Equal(got.Tiers, want) {
				t.Errorf("%+v, want %d below and %v", got, below, want)
			}
		}
		counts(tier.Input{}, all)
		counts(metals(""), 0, all, 0, 0)
		f.set(f.people[0].ID, 499)
		f.set(f.people[1].ID, 500)
		counts(metals(""), 0, all-1, 1, 0)
		in := metals("")
		in.Tiers[0].Levels = thresholds(200, 210, 220)
		counts(in, all-2, 1, 1, 0)
		f.SetState(member.Left, f.people[1])
		counts(in, all-2, 1, 0, 0)
		in.Tiers[0].Levels = thresholds(499, 499, 500)
		_, err := f.tiers.Preview(f.Context(), membertest.Command, f.Community, in)
		if e := errs.From(err); membertest.Code(err) != "levels_not_rising" || e.Details["field"] != "tiers[0].levels[1].xp" {
			t.Error(err)
		}
		if stored, err := f.tiers.Get(f.Context(), membertest.Command, f.Community); err != nil || stored.Version != 1 {
			t.Errorf("%+v %v", stored, err)
		}
	})
}

func TestErrorsNameTheTier(t *testing.T) {
	each(t, func(f *fixture) {
		in := metals("")
		in.Tiers[1].Name = " "
		in.Tiers[2].Levels = thresholds(2000, -1, 5000)
		_, err := f.tiers.Replace(f.Context(), membertest.Command, f.Community, in)
		var names []string
		for _, field := range errs.From(err).Fields {
			names = append(names, field.Field)
		}
		if !slices.Equal(names, []string{"tiers[1].name", "tiers[2].levels[1].xp"}) {
			t.Error(names)
		}
	})
}
