package console

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
)

var fieldTypes = []Choice{
	{"single-line-text", i18n.Key("Text on one line")},
	{"multi-line-text", i18n.Key("Text on several lines")},
	{"numerical", i18n.Key("Number")},
	{"boolean", i18n.Key("Yes or no")},
	{"date", i18n.Key("Date")},
	{"select", i18n.Key("One choice from a list")},
	{"multi-select", i18n.Key("Several choices from a list")},
	{"email", i18n.Key("Email")},
	{"phone", i18n.Key("Phone")},
	{"country", i18n.Key("Country")},
	{"url", i18n.Key("Web address")},
}

// typeName is what people call a type of field.
func typeName(t string) string {
	for _, c := range fieldTypes {
		if c.Value == t {
			return c.Label
		}
	}
	switch t {
	case "language":
		return i18n.Key("Language")
	case "role":
		return i18n.Key("Roles")
	case "tag":
		return i18n.Key("Tags")
	}
	return t
}

// optionList is the beginning of a list of choices.
func optionList(words i18n.Printer, options []string) string {
	comma := words.T(", ")
	if len(options) > 6 {
		return words.T("%[1]s and %[2]d more", strings.Join(options[:5], comma), len(options)-5)
	}
	return strings.Join(options, comma)
}

// zones are the ones offered; any other of the IANA database can be typed.
var zones = strings.Fields(`UTC Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Argentina/Buenos_Aires America/Bogota
	America/Chicago America/Denver America/Halifax America/Los_Angeles America/Mexico_City America/New_York America/Sao_Paulo America/Toronto
	Asia/Bangkok Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem Asia/Karachi Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila
	Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Tokyo Australia/Melbourne Australia/Perth Australia/Sydney
	Europe/Amsterdam Europe/Athens Europe/Berlin Europe/Brussels Europe/Bucharest Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul
	Europe/Kyiv Europe/Lisbon Europe/London Europe/Madrid Europe/Paris Europe/Prague Europe/Rome Europe/Stockholm Europe/Vienna Europe/Warsaw
	Europe/Zurich Pacific/Auckland Pacific/Honolulu`)

// logQuery is an address of the API log.
func logQuery(base, kind, status string, page int) string {
	query := url.Values{}
	if kind != "" {
		query.Set("type", kind)
	}
	if status != "" {
		query.Set("status", status)
	}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	if len(query) == 0 {
		return base
	}
	return base + "?" + query.Encode()
}
