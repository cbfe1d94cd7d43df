package community

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time zones are the same on machines that have none

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/text"
)

// Settings are what a community chooses for itself. The JSON form is the one
// in the database.
type Settings struct {
	OpenBulkImport bool       `json:"openBulkImport"` // anybody may import without a credential
	TimeZone       string     `json:"timeZone"`       // IANA name
	Language       string     `json:"language"`       // BCP 47 tag
	Languages      []string   `json:"languages"`      // those it speaks; Language is the first
	Accent         string     `json:"accent"`         // #rrggbb
	Logo           string     `json:"logo"`           // id of a picture; "": none
	Joining        Joining    `json:"joining"`
	Currencies     Currencies `json:"currencies"`

	AllowedFrameOrigins []string `json:"allowedFrameOrigins"` // https://example.com: whose pages iframe channels may show
}

// Joining says how people become members.
type Joining struct {
	Policy         string   `json:"policy"`         // JoinOpen or JoinByInvite
	RequiredFields []string `json:"requiredFields"` // ids of user fields that must be given
}

// The ways in which people become members by themselves.
const (
	JoinOpen     = "open"   // whoever wants
	JoinByInvite = "invite" // whoever has an invite
)

// Currencies are what members earn and buy with.
type Currencies struct {
	Coins   Currency `json:"coins"`
	Premium Currency `json:"premium"`
}

// Currency is how a community calls a currency and shows it.
type Currency struct {
	Name string `json:"name"`
	Icon string `json:"icon"` // an emoji; "": none
}

// What a new community has where its input says nothing.
const (
	DefaultTimeZone = "UTC"
	DefaultLanguage = "en"
	DefaultAccent   = "#4f46e5"
	DefaultCoins    = "Coins"
	DefaultPremium  = "Gems"
)

const (
	maxLanguages      = 20
	maxRequiredFields = 50
	maxFieldID        = 50
	maxCurrencyName   = 30
	maxIcon           = 8
)

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// normalise brings the settings into the form in which they are kept and
// returns what is wrong with them.
func (s *Settings) normalise() (wrong []errs.Field) {
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			wrong = append(wrong, errs.Wrong(field, "invalid", format, args...))
		}
	}
	s.Accent = strings.ToLower(withDefault(s.Accent, DefaultAccent))
	check(colour.MatchString(s.Accent), "accent", "A colour is written #rrggbb.")

	s.TimeZone = withDefault(s.TimeZone, DefaultTimeZone)
	_, err := time.LoadLocation(s.TimeZone)
	// "Local" would mean another place on each machine.
	check(err == nil && s.TimeZone != "Local", "timeZone", "A time zone is a name of the IANA database, such as Europe/Berlin.")

	check(s.normaliseLanguage(), "language", "A language is a BCP 47 tag, such as en or pt-BR.")
	check(s.normaliseLanguages(), "languages", "Languages are 1 to %d BCP 47 tags, such as en or pt-BR.", maxLanguages)
	check(s.Logo == "" || id.Valid(s.Logo), "logo", "A logo is the id of a picture that was uploaded.")
	check(s.Joining.normalise(), "joiningRequirements", "The policy is open or invite, with at most %d required fields.", maxRequiredFields)
	check(s.Currencies.Coins.normalise(DefaultCoins), "currencies.coins", "A currency has a name of at most 30 characters and an emoji.")
	check(s.Currencies.Premium.normalise(DefaultPremium), "currencies.premium", "A currency has a name of at most 30 characters and an emoji.")
	check(s.normaliseOrigins(), "allowedFrameOrigins", "At most %d origins such as https://example.com, without a path; http only of this machine itself.", maxOrigins)
	return wrong
}

func (s *Settings) normaliseLanguage() bool {
	tag, ok := languageTag(withDefault(s.Language, DefaultLanguage))
	s.Language = tag
	return ok
}

// normaliseLanguages keeps each language once, the main one first.
func (s *Settings) normaliseLanguages() bool {
	if len(s.Languages) > maxLanguages {
		return false
	}
	all := []string{s.Language}
	for _, one := range s.Languages {
		tag, ok := languageTag(one)
		if !ok {
			return false
		}
		if !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	s.Languages = all
	return len(all) <= maxLanguages
}

func languageTag(given string) (string, bool) {
	tag, err := language.Parse(given)
	return tag.String(), err == nil && tag != language.Und && len(given) <= 35
}

func (j *Joining) normalise() bool {
	j.Policy = withDefault(j.Policy, JoinByInvite)
	fields := []string{}
	for _, fieldID := range j.RequiredFields {
		if fieldID == "" || !text.Readable(fieldID, maxFieldID) {
			return false
		}
		if !slices.Contains(fields, fieldID) {
			fields = append(fields, fieldID)
		}
	}
	j.RequiredFields = fields
	return (j.Policy == JoinOpen || j.Policy == JoinByInvite) && len(fields) <= maxRequiredFields
}

func (c *Currency) normalise(name string) bool {
	var named, drawn bool
	c.Name, named = text.Line(withDefault(c.Name, name), maxCurrencyName)
	c.Icon, drawn = text.Line(c.Icon, maxIcon)
	return named && drawn && c.Name != "" && !strings.ContainsAny(c.Icon, `<>&"'`)
}

func withDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// decodeSettings reads settings, also those that were kept before some of
// them existed.
func decodeSettings(kept string) (Settings, error) {
	var s Settings
	if err := json.Unmarshal([]byte(kept), &s); err != nil {
		return Settings{}, err
	}
	if len(s.Languages) == 0 {
		s.Languages = []string{s.Language}
	}
	if s.Joining.RequiredFields == nil {
		s.Joining.RequiredFields = []string{}
	}
	if s.AllowedFrameOrigins == nil {
		s.AllowedFrameOrigins = []string{}
	}
	s.Joining.Policy = withDefault(s.Joining.Policy, JoinByInvite)
	s.Currencies.Coins.Name = withDefault(s.Currencies.Coins.Name, DefaultCoins)
	s.Currencies.Premium.Name = withDefault(s.Currencies.Premium.Name, DefaultPremium)
	return s, nil
}
