package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

const everyone = access.EveryoneTitle

// ViewLink is a saved view of the person who looks.
type ViewLink struct {
	ID, Name, Link string
	Current        bool
}

func (c *console) viewLinks(v *visit, q MemberQuery) ([]ViewLink, error) {
	views, err := c.Members.Views(v.Context(), v.community.ID, v.actor)
	links := make([]ViewLink, len(views))
	for i, view := range views {
		link := v.in("/members")
		if view.Query != "" {
			link += "?" + view.Query
		}
		links[i] = ViewLink{view.ID, view.Name, link, link == q.onPage(1)}
	}
	return links, err
}

func (c *console) saveView(v *visit) error {
	from, err := url.ParseQuery(v.FormValue("query"))
	if err != nil {
		return errs.New(errs.Invalid, "bad_query", "The view is not well-formed.")
	}
	address := memberQuery(v.in("/members"), from).onPage(1)
	_, query, _ := strings.Cut(address, "?")
	if _, err := c.Members.SaveView(v.Context(), v.community.ID, v.actor, v.FormValue("view"), query); err != nil {
		return err
	}
	return v.goTo(address, "The view is saved")
}

func (c *console) deleteView(v *visit) error {
	if err := c.Members.DeleteView(v.Context(), v.community.ID, v.actor, v.PathValue("view")); err != nil {
		return err
	}
	return v.goTo(v.in("/members"), "The view is deleted")
}

// stateName is a state of a membership as people read it.
func stateName(r Reader, state string) string {
	switch state {
	case member.Pending:
		return r.T("To come")
	case member.Left:
		return r.T("Left")
	case member.Banned:
		return r.T("Banned")
	case member.Deleted:
		return r.T("Deleted")
	}
	return ""
}

// claimName is what the list says of members who have claimed their membership
// or not.
func claimName(r Reader, claimed string) string {
	switch claimed {
	case "true":
		return r.T("Claimed")
	case "false":
		return r.T("Unclaimed")
	}
	return ""
}

// exportMembers streams all whom the query finds as a file to import.
func (c *console) exportMembers(v *visit) error {
	names, err := member.LoadNames(v.Context(), c.DB, v.community.ID)
	if err != nil {
		return err
	}
	fields, err := c.Fields.List(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	filter, _, wrong := memberQuery(v.in("/members"), v.URL.Query()).filter(v, member.NewAsking(fields, names))
	if wrong.Message != "" {
		return errs.New(errs.Invalid, "bad_filter", "%s", wrong.Message)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="members.csv"`)
	if v.Method == http.MethodHead {
		return nil
	}
	if err := c.Bulk.Export(v.Context(), v.w, v.community.ID, filter); err != nil {
		// The beginning may be out: a file without its end must not look whole.
		panic(http.ErrAbortHandler) //nolint:forbidigo // it is the way to break an answer off
	}
	return nil
}
