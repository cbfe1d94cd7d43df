package badge

import (
	"net/http"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/progress/application"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/conditions"
)

// Row is a badge in a list.
type Row struct {
	badge.Badge
	Picture string // address; "": none
	Own     award.Own
	Pending bool // the reader has applied
}

// ListView are the badges of a community.
type ListView struct {
	ui.Page
	Rows    []Row
	Manages bool
}

// View is a badge as a member sees it.
type View struct {
	ui.Page
	Row
	Steps        []conditions.Step
	Last         *application.Application // the reader's last one; nil: none
	Manages      bool
	Text         string // of the form
	Errors       map[string]string
	AwardedTo    string // of the form of managers
	AwardedAlert ui.Alert
}

// actions are the labels of the actions of badges.
var actions = []ui.Choice{
	{Value: badge.Custom, Label: i18n.Key("Award or application")},
	{Value: condition.Messages, Label: i18n.Key("Messages")},
	{Value: condition.Replies, Label: i18n.Key("Replies")},
	{Value: condition.Reactions, Label: i18n.Key("Reactions")},
	{Value: condition.VisitStreak, Label: i18n.Key("Days in a row with a visit")},
	{Value: badge.ByConditions, Label: i18n.Key("Several conditions")},
}

func (h *handlers) showBadges(v *ui.Request) error {
	list, _, err := h.Badges.List(v.Context(), v.Actor, v.Community.ID, 1, badge.MaxBadges)
	if err != nil {
		return err
	}
	view := ListView{Manages: h.manages(v)}
	if view.Rows, err = h.rows(v, list); err != nil {
		return err
	}
	if view.Page, err = h.Page(v, i18n.Key("Badges"), "badges", i18n.Key("What members get for what they do.")); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, BadgesPage(view))
}

func (h *handlers) manages(v *ui.Request) bool {
	return h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.Badges) == nil
}

// rows returns badges with what the reader has reached; owners of the installation may be
// no members.
func (h *handlers) rows(v *ui.Request, list []badge.Badge) ([]Row, error) {
	own, err := h.Awards.Own(v.Context(), v.Actor, v.Community.ID, list)
	if err != nil && !errs.Is(err, "user_not_found") {
		return nil, err
	}
	applied := map[string]bool{}
	if err == nil {
		pending, _, err := h.Applications.List(v.Context(), v.Actor, v.Community.ID, application.Filter{Status: application.Pending, Own: true, Limit: badge.MaxBadges})
		if err != nil {
			return nil, err
		}
		for _, one := range pending {
			applied[one.BadgeID] = true
		}
	}
	rows := make([]Row, len(list))
	for i, b := range list {
		rows[i] = Row{Badge: b, Picture: h.Badges.URL(v.Community.ID, b.Image), Own: own[b.ID], Pending: applied[b.ID]}
	}
	return rows, nil
}

func (h *handlers) showBadge(v *ui.Request) error { return h.render(v, View{}, nil) }

// render shows a badge, with the forms of view.
func (h *handlers) render(v *ui.Request, view View, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	b, err := h.Badges.Get(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge"))
	if err != nil {
		return err
	}
	rows, err := h.rows(v, []badge.Badge{b})
	if err != nil {
		return err
	}
	view.Row, view.Manages = rows[0], h.manages(v)
	if view.Last, err = h.lastApplication(v, b.ID); err != nil {
		return err
	}
	if view.Page, err = h.Page(v, i18n.Key("Badge"), "badges", ""); err != nil {
		return err
	}
	view.Title = b.Title
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = refused
	}
	fields, err := h.Badges.Fields(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Steps = conditions.Steps(v, fields, view.Own.Progress)
	return ui.Render(v, status, BadgePage(view))
}

// lastApplication returns the reader's last application for a badge, nil without one.
func (h *handlers) lastApplication(v *ui.Request, badgeID string) (*application.Application, error) {
	own, _, err := h.Applications.List(v.Context(), v.Actor, v.Community.ID, application.Filter{BadgeID: badgeID, Own: true, Limit: ui.ListLimit})
	if errs.Is(err, "user_not_found") || len(own) == 0 {
		return nil, nil //nolint:nilnil // documented
	}
	return &own[len(own)-1], err
}

// apply applies for a badge, with an image or without.
func (h *handlers) apply(v *ui.Request) error {
	v.Body = http.MaxBytesReader(v.W, v.Body, media.MaxBytes+64<<10)
	if err := v.ParseMultipartForm(media.MaxBytes); err != nil {
		return httpx.FormError(err)
	}
	text := v.FormValue("text")
	attachments, err := h.attach(v)
	if err == nil {
		_, err = h.Applications.Create(v.Context(), v.Actor, v.Community.ID, v.PathValue("badge"), text, attachments)
	}
	if err != nil {
		return h.render(v, View{Text: text}, err)
	}
	return v.Redirect(v.In("/badges/"+v.PathValue("badge")), i18n.Key("Application sent"))
}

// attach uploads the image of the form, if there is one.
func (h *handlers) attach(v *ui.Request) ([]string, error) {
	file, header, err := v.FormFile("image")
	if err != nil {
		return nil, nil //nolint:nilerr // there is none
	}
	defer func() { _ = file.Close() }() // read-only
	if err := h.LimitPictures(v); err != nil {
		return nil, err
	}
	stored, err := h.Posts.StoreImage(v.Context(), v.Actor, v.Community.ID, header.Filename, file)
	if err != nil {
		return nil, err
	}
	added, err := h.Posts.AddImages(v.Context(), v.Actor, v.Community.ID, "", []image.Image{stored})
	if err != nil {
		return nil, err
	}
	return []string{added[0].ID}, nil
}

// ApplicationsView are the applications that moderators decide.
type ApplicationsView struct {
	ui.Page
	Status string
	List   []application.Application
	Images func(pictureID string) string
	Next   string // address of the next part; "": none
}

// statuses are the labels of the statuses of applications.
var statuses = []ui.Choice{
	{Value: application.Pending, Label: i18n.Key("applications|Pending")},
	{Value: application.Approved, Label: i18n.Key("applications|Approved")},
	{Value: application.Rejected, Label: i18n.Key("applications|Rejected")},
}

func (h *handlers) showApplications(v *ui.Request) error { return h.renderApplications(v, nil) }

func (h *handlers) renderApplications(v *ui.Request, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := ApplicationsView{Status: v.URL.Query().Get("status"), Images: func(pictureID string) string { return h.Applications.URL(v.Community.ID, pictureID) }}
	if !slices.Contains(application.Statuses, view.Status) {
		view.Status = application.Pending
	}
	list, next, err := h.Applications.List(v.Context(), v.Actor, v.Community.ID, application.Filter{Status: view.Status, Cursor: v.URL.Query().Get("after"), Limit: ui.ListLimit})
	if err != nil {
		return err
	}
	if view.List = list; next != "" {
		view.Next = v.In("/badge-applications?status=" + view.Status + "&after=" + next)
	}
	if view.Page, err = h.Page(v, i18n.Key("Applications for badges"), "badge-applications", i18n.Key("Approval awards the badge. The applicant sees the reason.")); err != nil {
		return err
	}
	view.Alert = refused
	return ui.Render(v, status, ApplicationsPage(view))
}

func (h *handlers) decide(v *ui.Request) error {
	approve := v.PostFormValue("decision") == "approve"
	_, err := h.Applications.Decide(v.Context(), v.Actor, v.Community.ID, v.PathValue("application"), approve, v.PostFormValue("reason"))
	if err != nil {
		return h.renderApplications(v, err)
	}
	if approve {
		return v.Redirect(v.In("/badge-applications"), i18n.Key("Application approved"))
	}
	return v.Redirect(v.In("/badge-applications"), i18n.Key("Application rejected"))
}
