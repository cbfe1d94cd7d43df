package tier

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/ui"
)

// rowTitle names the inputs of a tier for screen readers.
func rowTitle(p ui.Page, i int, one One) string {
	return cmp.Or(one.Name, p.T("Tier %d", i+1))
}

// lines are the values of a form in words.
func lines(v View, f Form) []ui.Line {
	list := []ui.Line{
		ui.YesNo(v.Page, "enabled", v.T("Tiers are enabled"), f.Enabled), ui.YesNo(v.Page, "showTiers", v.T("Members see tiers"), f.ShowTiers),
		ui.YesNo(v.Page, "showLevels", v.T("Members see levels"), f.ShowLevels), ui.YesNo(v.Page, "demote", v.T("Members fall when they lose XP"), f.Demote),
	}
	for i, one := range f.Tiers {
		text := strings.TrimSpace(one.Icon+" "+one.Name) + ": " + v.T("%s XP", strings.Join(one.XP[:], ", "))
		if v.Roles != nil && one.RoleID != "" {
			text += "; " + v.Chosen(v.Roles, one.RoleID)
		}
		list = append(list, ui.Line{Key: cmp.Or(one.ID, "new "+strconv.Itoa(i)), Label: rowTitle(v.Page, i, one), Text: text})
	}
	return list
}
