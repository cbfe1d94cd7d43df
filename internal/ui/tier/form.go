package tier

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/progress/tier"
	"github.com/regulars/regulars/internal/ui"
)

// Form are the texts of the editor.
type Form struct {
	ui.Edit `json:"-"`

	Enabled, ShowLevels, ShowTiers, Demote bool
	Tiers                                  []One
}

// One are the texts of a tier.
type One struct {
	ID, Name, Icon, RoleID string
	XP                     [level.PerTier]string
	New                    bool // added on the page just now
}

// formOf returns the texts of stored tiers.
func formOf(s level.Settings) Form {
	f := Form{Enabled: s.Enabled, ShowLevels: s.ShowLevels, ShowTiers: s.ShowTiers, Demote: s.Demote, Edit: ui.Edit{Version: strconv.FormatInt(s.Version, 10)}}
	for _, t := range s.Tiers {
		one := One{ID: t.ID, Name: t.Name, Icon: t.Icon, RoleID: t.RoleID}
		for n, xp := range t.Thresholds {
			one.XP[n] = strconv.FormatInt(xp, 10)
		}
		f.Tiers = append(f.Tiers, one)
	}
	return f
}

func readForm(v *ui.Request) Form {
	get := v.FormValue
	f := Form{Enabled: get("enabled") == "yes", ShowLevels: get("showLevels") == "yes", ShowTiers: get("showTiers") == "yes", Demote: get("demote") == "yes", Edit: ui.ReadEdit(v)}
	for i := 0; i < tier.MaxTiers && v.Form.Has(tier.FieldOf(i, "name")); i++ {
		one := One{ID: get(tier.FieldOf(i, "id")), Name: get(tier.FieldOf(i, "name")), Icon: get(tier.FieldOf(i, "icon")), RoleID: get(tier.FieldOf(i, "roleId"))}
		for n := range one.XP {
			one.XP[n] = strings.TrimSpace(get(tier.ThresholdOf(i, n)))
		}
		f.Tiers = append(f.Tiers, one)
	}
	return f
}

// sort sorts the tiers by their first thresholds, if all are numbers.
func (f *Form) sort() {
	if slices.ContainsFunc(f.Tiers, func(one One) bool { return ui.WholeNumber(one.XP[0]) < 0 }) {
		return
	}
	slices.SortStableFunc(f.Tiers, func(a, b One) int { return cmp.Compare(ui.WholeNumber(a.XP[0]), ui.WholeNumber(b.XP[0])) })
}

// edit adds a tier, or removes one, as a button asks for.
func (f *Form) edit(op string) {
	if number, remove := strings.CutPrefix(op, "remove:"); remove {
		f.remove(number)
	} else if len(f.Tiers) < tier.MaxTiers {
		f.add()
	}
}

// add appends a tier above the last one, with thresholds as far apart as there.
func (f *Form) add() {
	one := One{New: true, XP: [level.PerTier]string{"0", "100", "250"}}
	if len(f.Tiers) > 0 {
		last := f.Tiers[len(f.Tiers)-1].XP
		top := ui.WholeNumber(last[level.PerTier-1])
		step := max(top-ui.WholeNumber(last[level.PerTier-2]), 1)
		for n := range one.XP {
			one.XP[n] = strconv.FormatInt(top+int64(n+1)*step, 10)
		}
	}
	f.Tiers = append(f.Tiers, one)
}

// remove removes the tier with a number from 0, if there is one.
func (f *Form) remove(number string) {
	if i := ui.WholeNumber(number); i >= 0 && i < int64(len(f.Tiers)) {
		f.Tiers = slices.Delete(f.Tiers, int(i), int(i)+1)
	}
}

// input returns the form for the feature.
func (f Form) input() tier.Input {
	in := tier.Input{Enabled: f.Enabled, ShowLevels: f.ShowLevels, ShowTiers: f.ShowTiers, Demote: f.Demote, Version: max(ui.WholeNumber(f.Version), 0)}
	for _, one := range f.Tiers {
		t := tier.OneInput{ID: one.ID, Name: one.Name, Icon: one.Icon, RoleID: one.RoleID, Levels: map[int64]int64{}}
		for n, text := range one.XP {
			t.Levels[int64(n)+1] = ui.WholeNumber(text)
		}
		in.Tiers = append(in.Tiers, t)
	}
	return in
}

// otherRole returns the number of the first tier with another role than the stored one, -1
// for none.
func (f Form) otherRole(stored level.Settings) int {
	return slices.IndexFunc(f.Tiers, func(one One) bool {
		before := stored.Tier(one.ID)
		return one.RoleID != "" && (before == nil || before.RoleID != one.RoleID)
	})
}
