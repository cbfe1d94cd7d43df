package community

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // independent of the time zones of the system

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/text"
)

// Settings are chosen by each community. The JSON form is stored.
type Settings struct {
	OpenBulkImport bool       `json:"openBulkImport"` // imports need no credential
	DefaultCountry string     `json:"defaultCountry"` // alpha-2, of national phone numbers; "": none
	TimeZone       string     `json:"timeZone"`       // IANA name
	Language       string     `json:"language"`       // BCP 47 tag
	Languages      []string   `json:"languages"`      // Language is the first
	Accent         string     `json:"accent"`         // #rrggbb
	Logo           string     `json:"logo"`           // id of an image; "": none
	Joining        Joining    `json:"joining"`
	Currencies     Currencies `json:"currencies"`

	AllowedFrameOrigins []string `json:"allowedFrameOrigins"` // sites such as https://example.com that iframe channels may show

	BannedWords       []string `json:"bannedWords"` // messages with one are rejected
	AlertWords        []string `json:"alertWords"`  // messages with one are reported
	EditWindow        int64    `json:"editWindow"`  // seconds in which a message can be edited; 0: no limit
	ErasureOfMessages string   `json:"erasureOfMessages"`

	RefundLotDays int64 `json:"refundLotDays"` // until refunded coins of an expired lot expire
}

// Joining determines how people become members.
type Joining struct {
	Policy         string   `json:"policy"`         // JoinOpen or JoinByInvite
	RequiredFields []string `json:"requiredFields"` // ids of fields required when joining
}

// Policies of Joining.
const (
	JoinOpen     = "open"   // anyone
	JoinByInvite = "invite" // people with an invite
)

// Values of ErasureOfMessages: what is done with the messages of an erased member.
const (
	AnonymiseMessages = "anonymise" // the text stays, without its author
	DeleteMessages    = "delete"
)

// Currencies are the currencies of a community.
type Currencies struct {
	Coins   Currency `json:"coins"`
	Premium Currency `json:"premium"`
}

// Currency is the name and icon of a currency, and when its credits expire.
type Currency struct {
	Name   string `json:"name"`
	Icon   string `json:"icon"` // an emoji; "": none
	Expiry Expiry `json:"expiry"`
}

// Expiry determines the last day on which a credit can be spent.
type Expiry struct {
	Days    int64  `json:"days"`    // after the day of the credit; 0: it never expires
	RoundTo string `json:"roundTo"` // RoundToNone or RoundToMonthEnd
}

// Values of Expiry.RoundTo.
const (
	RoundToNone     = "none"
	RoundToMonthEnd = "month_end" // the last day of the month of that day
)

// Defaults of a new community.
const (
	DefaultTimeZone = "UTC"
	DefaultLanguage = "en"
	DefaultAccent   = "#4f46e5"
	DefaultCoins    = "Coins"
	DefaultPremium  = "Gems"

	DefaultRefundLotDays = 30
)

const (
	maxLanguages      = 20
	maxRequiredFields = 50
	maxFieldID        = 50
	maxCurrencyName   = 30
	maxIcon           = 8
	maxWords          = 1000
	maxWord           = 100        // characters
	maxEditWindow     = 31_536_000 // seconds: a year
	maxExpiryDays     = 3650
	maxRefundLotDays  = 365
)

var colourPattern = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// normalise converts the settings to their stored form and returns the invalid
// fields.
func (s *Settings) normalise() (wrong []errs.Field) {
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			wrong = append(wrong, errs.Wrong(field, "invalid", format, args...))
		}
	}
	s.Accent = strings.ToLower(cmp.Or(s.Accent, DefaultAccent))
	check(colourPattern.MatchString(s.Accent), "accent", "A colour is written #rrggbb.")

	s.TimeZone = cmp.Or(s.TimeZone, DefaultTimeZone)
	_, err := time.LoadLocation(s.TimeZone)
	// "Local" depends on the machine.
	check(err == nil && s.TimeZone != "Local", "timeZone", "Use the name of an IANA time zone, such as Europe/Berlin.")

	check(s.normaliseCountry(), "defaultCountry", "A country is a code of two letters (ISO 3166), such as DE.")
	check(s.normaliseLanguage(), "language", "A language is a BCP 47 tag, such as en or pt-BR.")
	check(s.normaliseLanguages(), "languages", "Languages are 1 to %d BCP 47 tags, such as en or pt-BR.", maxLanguages)
	check(s.Logo == "" || id.Valid(s.Logo), "logo", "A logo is the id of an uploaded image.")
	check(s.Joining.normalise(), "joiningRequirements", "The policy is open or invite, with at most %d required fields.", maxRequiredFields)
	check(s.Currencies.Coins.normalise(DefaultCoins), "currencies.coins", "A currency has a name of at most 30 characters and an emoji.")
	check(s.Currencies.Premium.normalise(DefaultPremium), "currencies.premium", "A currency has a name of at most 30 characters and an emoji.")
	check(s.Currencies.Coins.Expiry.normalise(), "currencies.coins.expiry", wrongExpiry, maxExpiryDays)
	check(s.Currencies.Premium.Expiry.normalise(), "currencies.premium.expiry", wrongExpiry, maxExpiryDays)
	s.RefundLotDays = cmp.Or(s.RefundLotDays, DefaultRefundLotDays)
	check(s.RefundLotDays >= 1 && s.RefundLotDays <= maxRefundLotDays, "refundLotDays", "Refunds of expired currency can be spent for 1 to %d days.", maxRefundLotDays)
	check(s.normaliseOrigins(), "allowedFrameOrigins", "At most %d origins such as https://example.com, without a path; http for localhost only.", maxOrigins)
	s.normaliseMessages(check)
	return wrong
}

// normaliseMessages converts the settings of messages and checks them.
func (s *Settings) normaliseMessages(check func(ok bool, field, format string, args ...any)) {
	var banned, alerting bool
	s.BannedWords, banned = normaliseWords(s.BannedWords)
	s.AlertWords, alerting = normaliseWords(s.AlertWords)
	check(banned, "bannedWords", "A list has at most %d words or phrases of 1 to %d characters.", maxWords, maxWord)
	check(alerting, "alertWords", "A list has at most %d words or phrases of 1 to %d characters.", maxWords, maxWord)
	check(s.EditWindow >= 0 && s.EditWindow <= maxEditWindow, "editWindow", "The time to edit a message is 0 (no limit) to %d seconds.", maxEditWindow)
	s.ErasureOfMessages = cmp.Or(s.ErasureOfMessages, AnonymiseMessages)
	check(s.ErasureOfMessages == AnonymiseMessages || s.ErasureOfMessages == DeleteMessages, "erasureOfMessages",
		"Messages of erased members are kept without their author (anonymise) or deleted (delete).")
}

// normaliseWords deduplicates the entries of a word list.
func normaliseWords(list []string) (words []string, valid bool) {
	words = []string{}
	known := make(map[string]bool, len(list))
	for _, one := range list {
		word, readable := text.Line(one, maxWord)
		if !readable || word == "" {
			return list, false
		}
		if !known[word] {
			known[word] = true
			words = append(words, word)
		}
	}
	return words, len(words) <= maxWords
}

func (s *Settings) normaliseCountry() bool {
	if s.DefaultCountry == "" {
		return true
	}
	s.DefaultCountry = strings.ToUpper(strings.TrimSpace(s.DefaultCountry))
	region, err := language.ParseRegion(s.DefaultCountry)
	return err == nil && len(s.DefaultCountry) == 2 && region.IsCountry() && region.Canonicalize().String() == s.DefaultCountry
}

func (s *Settings) normaliseLanguage() bool {
	tag, ok := parseLanguage(cmp.Or(s.Language, DefaultLanguage))
	s.Language = tag
	return ok
}

// normaliseLanguages deduplicates the languages, the main one first.
func (s *Settings) normaliseLanguages() bool {
	if len(s.Languages) > maxLanguages {
		return false
	}
	all := []string{s.Language}
	for _, one := range s.Languages {
		tag, ok := parseLanguage(one)
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

func parseLanguage(value string) (string, bool) {
	tag, err := language.Parse(value)
	return tag.String(), err == nil && tag != language.Und && len(value) <= 35
}

func (j *Joining) normalise() bool {
	j.Policy = cmp.Or(j.Policy, JoinByInvite)
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
	c.Name, named = text.Line(cmp.Or(c.Name, name), maxCurrencyName)
	c.Icon, drawn = text.Line(c.Icon, maxIcon)
	return named && drawn && c.Name != "" && !strings.ContainsAny(c.Icon, `<>&"'`)
}

const wrongExpiry = "Credits expire after 1 to %d days, or never (0), rounded to none or month_end."

func (e *Expiry) normalise() bool {
	e.RoundTo = cmp.Or(e.RoundTo, RoundToNone)
	return e.Days >= 0 && e.Days <= maxExpiryDays && (e.RoundTo == RoundToNone || e.RoundTo == RoundToMonthEnd)
}

// LastDay returns the last day, as the number of a day, on which a credit of a day can
// be spent; ok is false for one that never expires.
func (e Expiry) LastDay(day int64) (last int64, ok bool) {
	if e.Days == 0 {
		return 0, false
	}
	last = day + e.Days
	if e.RoundTo == RoundToMonthEnd {
		year, month, _ := DateOf(last).Date()
		last = DayOf(time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC))
	}
	return last, true
}

// decodeSettings decodes stored settings and sets defaults for settings added
// since.
func decodeSettings(stored string) (Settings, error) {
	var s Settings
	if err := json.Unmarshal([]byte(stored), &s); err != nil {
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
	if s.BannedWords == nil {
		s.BannedWords = []string{}
	}
	if s.AlertWords == nil {
		s.AlertWords = []string{}
	}
	s.ErasureOfMessages = cmp.Or(s.ErasureOfMessages, AnonymiseMessages)
	s.Joining.Policy = cmp.Or(s.Joining.Policy, JoinByInvite)
	s.Currencies.Coins.Name = cmp.Or(s.Currencies.Coins.Name, DefaultCoins)
	s.Currencies.Premium.Name = cmp.Or(s.Currencies.Premium.Name, DefaultPremium)
	s.Currencies.Coins.Expiry.RoundTo = cmp.Or(s.Currencies.Coins.Expiry.RoundTo, RoundToNone)
	s.Currencies.Premium.Expiry.RoundTo = cmp.Or(s.Currencies.Premium.Expiry.RoundTo, RoundToNone)
	s.RefundLotDays = cmp.Or(s.RefundLotDays, DefaultRefundLotDays)
	return s, nil
}
