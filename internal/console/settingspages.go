package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
)

var joinPolicies = []Choice{
	{community.JoinByInvite, i18n.Key("Whoever has an invite")}, {community.JoinOpen, i18n.Key("Whoever wants, also without an invite")},
}

func (c *console) showLanguages(v *visit) error {
	s := v.community.Settings
	return c.renderLanguages(v, http.StatusOK, LanguagesView{
		Languages: strings.Join(s.Languages, "\n"), CoinsName: s.Currencies.Coins.Name, CoinsIcon: s.Currencies.Coins.Icon,
		GemsName: s.Currencies.Premium.Name, GemsIcon: s.Currencies.Premium.Icon,
	})
}

func (c *console) renderLanguages(v *visit, status int, view LanguagesView) (err error) {
	view.Page, err = c.page(v, i18n.Key("Languages and currencies"), "settings", i18n.Key("What the community speaks, and what its members earn."))
	if err != nil {
		return err
	}
	return render(v, status, LanguagesPage(view))
}

func (c *console) changeLanguages(v *visit) error {
	view := LanguagesView{
		Languages: v.PostFormValue("languages"), CoinsName: v.PostFormValue("coins"), CoinsIcon: v.PostFormValue("coinsIcon"),
		GemsName: v.PostFormValue("premium"), GemsIcon: v.PostFormValue("premiumIcon"),
	}
	languages := lines(view.Languages)
	change := community.Change{
		Languages: &languages, Coins: &community.Currency{Name: view.CoinsName, Icon: view.CoinsIcon}, Premium: &community.Currency{Name: view.GemsName, Icon: view.GemsIcon},
	}
	_, err := c.Communities.Update(v.Context(), v.community.ID, change)
	if err == nil {
		return v.goTo(v.in("/settings/languages"), i18n.Key("Saved"))
	}
	if view.Errors = wrongFields(v.Context(), err); view.Errors == nil {
		return err
	}
	if view.Errors["languages"] == "" {
		view.Errors["languages"] = view.Errors["language"]
	}
	return c.renderLanguages(v, http.StatusBadRequest, view)
}

func (c *console) showJoining(v *visit) error {
	s := v.community.Settings.Joining
	return c.renderJoining(v, http.StatusOK, JoiningView{Policy: s.Policy}, s.RequiredFields)
}

func (c *console) renderJoining(v *visit, status int, view JoiningView, asked []string) (err error) {
	view.Page, err = c.page(v, i18n.Key("Joining"), "settings", i18n.Key("Who becomes a member, and what they say of themselves first."))
	if err != nil {
		return err
	}
	fields, err := c.Fields.List(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view.Asked = map[string]bool{}
	for _, f := range fields {
		if !member.Askable(f) {
			continue
		}
		view.Asked[f.ID] = slices.Contains(asked, f.ID)
		if f.Default {
			f.Name = v.T(f.Name)
		}
		view.Fields = append(view.Fields, Choice{f.ID, f.Name})
	}
	return render(v, status, JoiningPage(view))
}

func (c *console) changeJoining(v *visit) error {
	joining := community.Joining{Policy: v.PostFormValue("policy")}
	joining.RequiredFields = v.PostForm["fields"]
	_, err := c.Communities.Update(v.Context(), v.community.ID, community.Change{Joining: &joining})
	if err == nil {
		return v.goTo(v.in("/settings/joining"), i18n.Key("Saved"))
	}
	view := JoiningView{Policy: joining.Policy, Errors: wrongFields(v.Context(), err)}
	if view.Errors == nil {
		return err
	}
	return c.renderJoining(v, http.StatusBadRequest, view, joining.RequiredFields)
}

func (c *console) deleteCommunity(v *visit) error {
	_, cause := c.Members.CloseCommunity(v.Context(), v.actor, v.community.ID, v.PostFormValue("confirm"))
	if cause == nil {
		return v.goTo("/?all=1", i18n.Key("The community is deleted"))
	}
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	return c.renderDanger(v, status, said, TransferCard{})
}

func (c *console) restoreCommunity(v *visit) error {
	restored, err := c.Members.RestoreCommunity(v.Context(), v.actor, v.PathValue("community"), c.Communities.ErasureCutoff())
	if err != nil {
		return err
	}
	return v.goTo("/c/"+restored.ID+"/members", i18n.Key("The community is restored"))
}

// deletedOf are the communities that the person can restore.
func (c *console) deletedOf(v *visit) ([]DeletedRow, error) {
	homes, err := c.Members.HomesOf(v.Context(), v.actor, true, c.Communities.ErasureCutoff())
	if err != nil {
		return nil, err
	}
	var rows []DeletedRow
	for _, h := range homes {
		rows = append(rows, DeletedRow{h.ID, h.Name, c.Communities.ErasedAt(h.Community)})
	}
	return rows, nil
}

func (c *console) changeLogo(v *visit) error {
	file, done, err := c.picture(v, "logo")
	defer done()
	if errs.KindOf(err) == errs.Limited {
		return err
	}
	if err != nil {
		return c.appearanceAgain(v, err)
	}
	if _, err := c.Members.SetLogo(v.Context(), v.actor, c.Communities, v.community.ID, file); err != nil {
		return c.appearanceAgain(v, err)
	}
	return v.goTo(v.in("/settings/appearance"), i18n.Key("Saved"))
}

func (c *console) removeLogo(v *visit) error {
	if _, err := c.Members.SetLogo(v.Context(), v.actor, c.Communities, v.community.ID, nil); err != nil {
		return err
	}
	return v.goTo(v.in("/settings/appearance"), i18n.Key("Saved"))
}

func (c *console) appearanceAgain(v *visit, cause error) error {
	status, said, err := refusal(v, cause)
	if err != nil {
		return err
	}
	p, err := c.appearancePage(v)
	if err != nil {
		return err
	}
	p.Alert = said
	return render(v, status, AppearancePage(appearanceOf(v, p)))
}

func appearanceOf(v *visit, p Page) AppearanceView {
	s := v.community.Settings
	return AppearanceView{
		Page: p, Name: v.community.Name, Accent: s.Accent, Zone: s.TimeZone, Zones: zones, OpenImport: s.OpenBulkImport, Logo: media.Path(v.community.ID, s.Logo),
	}
}
