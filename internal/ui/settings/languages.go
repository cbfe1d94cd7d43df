package settings

import (
	"net/http"
	"strconv"
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
		CoinsDays: strconv.FormatInt(s.Currencies.Coins.Expiry.Days, 10), CoinsMonthEnd: s.Currencies.Coins.Expiry.RoundTo == community.RoundToMonthEnd,
		GemsDays: strconv.FormatInt(s.Currencies.Premium.Expiry.Days, 10), GemsMonthEnd: s.Currencies.Premium.Expiry.RoundTo == community.RoundToMonthEnd,
		RefundDays: strconv.FormatInt(s.RefundLotDays, 10),
	})
}

func (h *handlers) renderLanguages(v *ui.Request, status int, view LanguagesView) (err error) {
	view.Page, err = h.Page(v, i18n.Key("Languages and currencies"), "languages", i18n.Key("Languages of the community, and the currencies that members earn."))
	if err != nil {
		return err
	}
	return ui.Render(v, status, LanguagesPage(view))
}

// days returns a number of days; -1, which no setting accepts, for another text.
func days(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func expiryOf(text string, monthEnd bool) *community.Expiry {
	expiry := community.Expiry{Days: days(text)}
	if monthEnd {
		expiry.RoundTo = community.RoundToMonthEnd
	}
	return &expiry
}

func (h *handlers) changeLanguages(v *ui.Request) error {
	view := LanguagesView{
		Languages: v.PostFormValue("languages"), CoinsName: v.PostFormValue("coins"), CoinsIcon: v.PostFormValue("coinsIcon"),
		GemsName: v.PostFormValue("premium"), GemsIcon: v.PostFormValue("premiumIcon"),
		CoinsDays: v.PostFormValue("coinsDays"), CoinsMonthEnd: v.PostFormValue("coinsMonthEnd") != "",
		GemsDays: v.PostFormValue("premiumDays"), GemsMonthEnd: v.PostFormValue("premiumMonthEnd") != "",
		RefundDays: v.PostFormValue("refundLotDays"),
	}
	refundDays := days(view.RefundDays)
	languages := ui.Lines(view.Languages)
	change := community.Change{
		Languages: &languages, Coins: &community.Currency{Name: view.CoinsName, Icon: view.CoinsIcon}, Premium: &community.Currency{Name: view.GemsName, Icon: view.GemsIcon},
		CoinsExpiry: expiryOf(view.CoinsDays, view.CoinsMonthEnd), PremiumExpiry: expiryOf(view.GemsDays, view.GemsMonthEnd), RefundLotDays: &refundDays,
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
