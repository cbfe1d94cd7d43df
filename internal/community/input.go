package community

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// Input describes a new community.
type Input struct {
	Name string
	Settings
}

// Change is a partial update; nil fields are unchanged.
type Change struct {
	Name, Accent, TimeZone, Language, DefaultCountry, Logo *string
	Languages                                              *[]string // the first becomes Language
	OpenBulkImport                                         *bool
	Joining                                                *Joining
	Coins, Premium                                         *Currency // name and icon; the expiry is one of its own
	CoinsExpiry, PremiumExpiry                             *Expiry
	RefundLotDays                                          *int64
	AllowedFrameOrigins                                    *[]string
	BannedWords, AlertWords                                *[]string
	EditWindow                                             *int64
	ErasureOfMessages                                      *string
}

// OnlyWords reports whether the change is of word lists and of nothing else.
func (c Change) OnlyWords() bool {
	some := c.BannedWords != nil || c.AlertWords != nil
	c.BannedWords, c.AlertWords = nil, nil
	return some && c == Change{}
}

// Input returns the input of a new community with the name and the values of
// the change.
func (c Change) Input(name string) Input {
	c.Name = &name
	return c.apply(Community{})
}

func (c Change) apply(old Community) Input {
	in := Input{Name: old.Name, Settings: old.Settings}
	assign(&in.Name, c.Name)
	assign(&in.Accent, c.Accent)
	assign(&in.TimeZone, c.TimeZone)
	assign(&in.DefaultCountry, c.DefaultCountry)
	assign(&in.Logo, c.Logo)
	assign(&in.Language, c.Language)
	assign(&in.Languages, c.Languages)
	if c.Languages != nil && len(*c.Languages) > 0 {
		in.Language = (*c.Languages)[0]
	}
	assign(&in.OpenBulkImport, c.OpenBulkImport)
	assign(&in.Joining, c.Joining)
	assign(&in.AllowedFrameOrigins, c.AllowedFrameOrigins)
	assign(&in.BannedWords, c.BannedWords)
	assign(&in.AlertWords, c.AlertWords)
	assign(&in.EditWindow, c.EditWindow)
	assign(&in.ErasureOfMessages, c.ErasureOfMessages)
	in.Currencies.Coins.change(c.Coins, c.CoinsExpiry)
	in.Currencies.Premium.change(c.Premium, c.PremiumExpiry)
	assign(&in.RefundLotDays, c.RefundLotDays)
	return in
}

func (c *Currency) change(to *Currency, expiry *Expiry) {
	if to != nil {
		c.Name, c.Icon = to.Name, to.Icon
	}
	assign(&c.Expiry, expiry)
}

func assign[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

const maxName = 100

// normalise returns the stored form of the input, or an error with every
// invalid field.
func (in Input) normalise() (Input, error) {
	var wrong []errs.Field
	name, ok := text.Line(in.Name, maxName)
	if in.Name = name; !ok || name == "" {
		wrong = append(wrong, errs.Field{Field: "name", Code: "invalid", Message: "A name has 1 to 100 characters, none of them a control character."})
	}
	wrong = append(wrong, in.Settings.normalise()...)
	return in, errs.InvalidFields(wrong)
}
