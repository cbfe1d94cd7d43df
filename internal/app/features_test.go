package app

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/ui"
	uiinstallation "github.com/regulars/regulars/internal/ui/installation"
)

func TestEveryAuditVerbHasASentence(t *testing.T) {
	p := &Services{}
	sentences := map[string]bool{}
	for _, area := range p.uiAreas(&ui.Console{}, uiLimits{}, uiinstallation.Server{}) {
		for _, c := range area.Audit.Actions {
			if sentences[c.Value] {
				t.Errorf("%s has two sentences", c.Value)
			}
			sentences[c.Value] = true
		}
	}
	for _, f := range p.listFeatures() {
		for _, verb := range f.AuditVerbs {
			if !sentences[string(verb)] {
				t.Errorf("%s of %s has no sentence", verb, f.Name)
			}
			delete(sentences, string(verb))
		}
	}
	for verb := range sentences {
		t.Errorf("%s is no verb of a feature", verb)
	}
}

func TestFeaturesHaveNamesOfTheirOwn(t *testing.T) {
	var names, consumers []string
	for _, f := range (&Services{}).listFeatures() {
		names = append(names, f.Name)
		for _, c := range f.Consumers {
			consumers = append(consumers, c.Name)
			for _, of := range c.Types {
				if !slices.ContainsFunc(EventTypes(), func(e event.Type) bool { return e.Name == of }) {
					t.Errorf("%s consumes %s, which no feature appends", c.Name, of)
				}
			}
		}
	}
	for _, list := range [][]string{names, consumers} {
		slices.Sort(list)
		if unique := slices.Compact(slices.Clone(list)); !slices.Equal(unique, list) {
			t.Errorf("a name is not unique: %v", list)
		}
	}
}

func TestPermissionsHaveLabels(t *testing.T) {
	p := &Services{}
	texts := ui.MergePermissions(p.uiAreas(&ui.Console{}, uiLimits{}, uiinstallation.Server{}))
	for _, roles := range []struct {
		names  []string
		labels []ui.Permission
	}{{permission.ServerPermissions, texts.Server}, {permission.ChannelPermissions, texts.Channel}} {
		if diff := cmp.Diff(roles.names, valuesOf(roles.labels)); diff != "" {
			t.Errorf("permissions of roles and their labels (-want +got):\n%s", diff)
		}
	}
	labelled := valuesOf(texts.CommunityKey)
	if unique := slices.Compact(slices.Sorted(slices.Values(labelled))); len(unique) != len(labelled) {
		t.Errorf("a permission of keys has two labels: %v", labelled)
	}
	for _, route := range API().Routes() {
		if len(route.Permissions) == 0 || route.Traits&api.PerUser != 0 || slices.Contains(route.Permissions, actor.PermSessionOnly) {
			continue
		}
		if !slices.ContainsFunc(route.Permissions, func(need actor.Permission) bool {
			return need == permission.AnyMember || slices.Contains(labelled, string(permission.OfKey(need)))
		}) {
			t.Errorf("no permission of %s has a label", route.ID)
		}
	}
}

func valuesOf(list []ui.Permission) (values []string) {
	for _, p := range list {
		values = append(values, p.Value)
	}
	return values
}
