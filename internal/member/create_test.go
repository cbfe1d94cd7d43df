package member_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

func newcomer(name string) member.Newcomer {
	return member.Newcomer{FirstName: "Ada", LastName: "Lovelace", Username: name, Email: name + "@example.com"}
}

var command = actor.Actor{Kind: actor.Command}

func (f *fixture) create(in member.Newcomer) member.Member {
	f.Helper()
	made, err := f.members.Create(f.Context(), command, f.community, in)
	f.ok(err)
	return made
}

// conflict is the codes by field of the refusal to create a member.
func (f *fixture) refused(in member.Newcomer) map[string]string {
	f.Helper()
	_, err := f.members.Create(f.Context(), command, f.community, in)
	e := errs.From(err)
	if e == nil {
		f.Fatalf("not refused: %v", err)
	}
	codes := map[string]string{"": fmt.Sprint(e.Kind.Status())}
	for _, field := range e.Fields {
		codes[field.Field] = field.Code
	}
	return codes
}

func (f *fixture) field(in field.Input) field.Field {
	f.Helper()
	made, err := f.fields.Create(f.Context(), f.community, in)
	f.ok(err)
	return made
}

func TestANewMemberHasAllThatWasGiven(t *testing.T) {
	each(t, func(f *fixture) {
		points := f.field(field.Input{Field: "points", Name: "Points", Type: field.Numerical})
		f.field(field.Input{Field: "size", Name: "T-shirt size", Type: field.Select, Options: []string{"S", "M"}, DefaultValue: "M"})
		in := newcomer("ada")
		in.DisplayName, in.Referral, in.ExternalID = "Ada L.", "bob", "CRM-17"
		in.Fields = []member.FieldValue{{Field: points.ID, Value: float64(1.5)}, {Field: "country", Value: "United Kingdom"}, {Field: "t-shirt_size", Value: nil}}
		made := f.create(in)
		got := []any{made.FirstName, made.DisplayName, made.Email, made.Country, fmt.Sprint(made.Fields["points"]), made.Fields["size"], made.State, made.ExternalID, made.Referral}
		if diff := cmp.Diff([]any{"Ada", "Ada L.", "ada@example.com", "GB", "1.5", "M", member.Active, "CRM-17", "bob"}, got); diff != "" {
			f.Fatal(diff)
		}
		found, err := f.members.Find(f.Context(), f.community, "external:CRM-17")
		f.ok(err)
		if found.ID != made.ID || f.total() != 1 {
			f.Fatalf("found %s, %d members", found.ID, f.total())
		}
	})
}

func TestWhoIsMadeAheadIsInNoListAndCausesNoEvent(t *testing.T) {
	each(t, func(f *fixture) {
		in := newcomer("ada")
		in.Ahead = true
		if made := f.create(in); made.State != member.Pending {
			f.Fatalf("state %s", made.State)
		}
		events, err := sqldb.One(f.Context(), f.db, "event", sqldb.Value[int], "SELECT count(*) FROM events")
		f.ok(err)
		if f.total() != 0 || len(f.names(member.Filter{})) != 0 || events != 0 {
			f.Fatalf("%d members, list %v, %d events", f.total(), f.names(member.Filter{}), events)
		}
		f.create(newcomer("bob"))
		if n, err := sqldb.One(f.Context(), f.db, "event", sqldb.Value[int], "SELECT count(*) FROM events WHERE type = 'user.joined_server'"); err != nil || n != 1 {
			f.Fatalf("%d events of who joined (%v)", n, err)
		}
	})
}

func TestEveryWrongPartOfANewMemberIsNamed(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "points", Name: "Points", Type: field.Numerical})
		f.field(field.Input{Field: "must", Name: "Must", Type: field.SingleLine, Required: true})
		got := f.refused(member.Newcomer{
			FirstName: strings.Repeat("x", 51), Username: "1", Email: "nobody", Password: "short", Confirm: "other", ExternalID: "a\x07b", Role: "nobility",
			Fields: []member.FieldValue{{Field: "points", Value: "many"}, {Field: "no such", Value: 1}, {Field: "email", Value: "a@b.example"}},
		})
		want := map[string]string{
			"": "400", "firstname": "too_long", "lastname": "required", "username": "invalid_username", "email": "invalid_email", "password": "invalid_password",
			"confirmPassword": "password_differs", "externalId": "bad_text", "accessLevel": "unknown_role", "customFields[0]": "invalid_number",
			"customFields[1]": "unknown_field", "customFields[2]": "not_custom", "customFields.must": "required",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			f.Fatal(diff)
		}
	})
}

func TestAConflictNamesWhatIsTaken(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		in := newcomer("ada")
		in.ExternalID, in.Fields = "17", []member.FieldValue{{Field: "card", Value: "A-1"}}
		f.create(in)
		for name, row := range map[string]struct {
			change func(*member.Newcomer)
			want   map[string]string
		}{
			"both":        {func(n *member.Newcomer) { *n = newcomer("ADA") }, map[string]string{"email": "email_taken", "username": "username_taken"}},
			"email":       {func(n *member.Newcomer) { n.Email = "Ada@Example.com" }, map[string]string{"email": "email_taken"}},
			"username":    {func(n *member.Newcomer) { n.Username = "Ada" }, map[string]string{"username": "username_taken"}},
			"external id": {func(n *member.Newcomer) { n.ExternalID = "17" }, map[string]string{"externalId": "duplicate"}},
			"identifier":  {func(n *member.Newcomer) { n.Fields = []member.FieldValue{{Field: "Card", Value: "a-1"}} }, map[string]string{"customFields": "duplicate"}},
		} {
			in := newcomer("bob")
			row.change(&in)
			row.want[""] = "409"
			if diff := cmp.Diff(row.want, f.refused(in)); diff != "" {
				f.Errorf("%s: %s", name, diff)
			}
		}
		if f.total() != 1 {
			f.Fatalf("%d members", f.total())
		}
	})
}

func TestAnAccountElsewhereMakesNoDifferenceAndIsNotTouched(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.people("ada")[0]
		f.elsewhere()
		before := f.account(ada.ID)
		for _, name := range []string{"ada", "nobody"} { // one has an account
			in := newcomer(name)
			in.FirstName, in.Password, in.Confirm = "Augusta", "a-password-of-mine", "a-password-of-mine"
			made, err := f.members.Create(f.Context(), command, f.elsewhere(), in)
			f.ok(err)
			if made.Claimed() || made.ID == ada.ID || made.Username != name || made.FirstName != "Augusta" {
				f.Fatalf("made %+v", made)
			}
			in.Username = "augusta"
			if _, err := f.members.Create(f.Context(), command, f.elsewhere(), in); err != nil {
				f.Fatalf("another username: %v", err)
			}
		}
		if diff := cmp.Diff(before, f.account(ada.ID)); diff != "" {
			f.Fatal(diff)
		}
	})
}

func TestOfTwentyWhoAskAtOnceOneGetsTheNameAndTheOthersAreTold(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		for name, row := range map[string]struct {
			change func(n *member.Newcomer, i int)
			field  string
		}{
			"email":       {func(n *member.Newcomer, i int) { n.Username = fmt.Sprintf("email-%d", i) }, "email"},
			"username":    {func(n *member.Newcomer, i int) { n.Email = fmt.Sprintf("username-%d@example.com", i) }, "username"},
			"external id": {func(n *member.Newcomer, i int) { *n = newcomer(fmt.Sprintf("external-%d", i)); n.ExternalID = "17" }, "externalId"},
			"identifier": {func(n *member.Newcomer, i int) {
				*n = newcomer(fmt.Sprintf("card-%d", i))
				n.Fields = []member.FieldValue{{Field: "card", Value: "A-1"}}
			}, "customFields"},
		} {
			before := f.total()
			var work sync.WaitGroup
			results := make([]error, 20)
			for i := range results {
				work.Go(func() {
					in := newcomer("race-" + name[:3])
					row.change(&in, i)
					_, results[i] = f.members.Create(f.Context(), command, f.community, in)
				})
			}
			work.Wait()
			made := 0
			for _, err := range results {
				e := errs.From(err)
				switch {
				case err == nil:
					made++
				case e == nil || e.Kind != errs.Conflict || len(e.Fields) == 0 || e.Fields[0].Field != row.field:
					f.Errorf("%s: %v", name, err)
				}
			}
			if made != 1 || f.total() != before+1 {
				f.Errorf("%s: %d were made, %d members more", name, made, f.total()-before)
			}
		}
	})
}

func TestAPersonWhoWasHereIsNotMadeAgain(t *testing.T) {
	each(t, func(f *fixture) {
		for state, code := range map[string]string{member.Deleted: "member_deleted", member.Left: "member_left", member.Banned: "member_banned", member.Pending: "email_taken"} {
			name := "was-" + state
			f.setState(state, f.people(name)...)
			if got := f.refused(newcomer(name)); got["email"] != code || got[""] != "409" {
				f.Errorf("%s: %v", state, got)
			}
		}
	})
}
