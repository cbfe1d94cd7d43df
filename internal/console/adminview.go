package console

import (
	"net/url"
	"strconv"
	"strings"
)

var fieldTypes = []Choice{
	{"single-line-text", "Text on one line"},
	{"multi-line-text", "Text on several lines"},
	{"numerical", "Number"},
	{"boolean", "Yes or no"},
	{"date", "Date"},
	{"select", "One choice from a list"},
	{"multi-select", "Several choices from a list"},
	{"email", "Email"},
	{"phone", "Phone"},
	{"country", "Country"},
	{"url", "Web address"},
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
		return "Language"
	case "role":
		return "Roles"
	case "tag":
		return "Tags"
	}
	return t
}

func optionList(options []string) string {
	if len(options) > 6 {
		return strings.Join(options[:5], ", ") + " and " + strconv.Itoa(len(options)-5) + " more"
	}
	return strings.Join(options, ", ")
}

var keyLives = []Choice{{"0", "Never"}, {"30", "In 30 days"}, {"90", "In 90 days"}, {"365", "In a year"}}

// keyPermission is a permission whose operations exist, in plain words.
type keyPermission struct{ Value, Label, Help string }

var keyPermissions = []keyPermission{
	{"bulkUpdateUser", "Import and update members", "Upload files, follow their jobs, undo them."},
	{"getUserData", "Read members", "Lists, profiles, values and their histories."},
	{"userFields", "Fields and tags", "Read and make the fields of members, and tags."},
	{"roles", "Roles", "Read and make roles."},
	{"*", "Everything", "All of these and whatever is added later, but not signing members in."},
}

func permissionName(value string) string {
	for _, p := range keyPermissions {
		if p.Value == value {
			return p.Label
		}
	}
	return value
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
