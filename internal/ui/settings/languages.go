package settings

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showLanguages(v *ui.Request) error {
	s := v.Community.Settings
	return h.renderLanguages(v, http.StatusOK, LanguagesView{
		Languages: strings.Join(s.Languages, "\n"), CoinsName: s.Currencies.Coins.Name, CoinsIcon: s.Currencies.Coins.Icon,
		GemsName: s.Currencies.Premium.Name, GemsIcon: s.Currencies.Premium.Icon,
	})
}

func (h *handlers) renderLanguages(v *ui.Request, status int, view LanguagesView) (err error) {
	view.Page, err = h.Page(v, i18n.Key("Languages and currencies"), "languages", i18n.Key("Languages of the community, and the currencies that members earn."))
	if err != nil {
		return err
	}
	return ui.Render(v, status, LanguagesPage(view))
}

func (h *handlers) changeLanguages(v *ui.Request) error {
	view := LanguagesView{
		Languages: v.PostFormValue("languages"), CoinsName: v.PostFormValue("coins"), CoinsIcon: v.PostFormValue("coinsIcon"),
		GemsName: v.PostFormValue("premium"), GemsIcon: v.PostFormValue("premiumIcon"),
	}
	languages := ui.Lines(view.Languages)
	change := community.Change{
		Languages: &languages, Coins: &community.Currency{Name: view.CoinsName, Icon: view.CoinsIcon}, Premium: &community.Currency{Name: view.GemsName, Icon: view.GemsIcon},
	}
	_, err := h.Access.UpdateCommunity(v.Context(), v.Actor, v.Community.ID, change)
	if err == nil {
		return v.Redirect(v.In("/settings/languages"), i18n.Key("Saved"))
	}
	if view.Errors = ui.FieldErrors(v.Context(), err); view.Errors == nil {
		return err
	}
	if view.Errors["languages"] == "" {
		view.Errors["languages"] = view.Errors["language"]
	}
	return h.renderLanguages(v, http.StatusBadRequest, view)
}
