package source

import (
	"testing"

	"github.com/regulars/regulars/internal/field"
)

func TestNearNamesAreSuggested(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{{"email", "email", 0}, {"emial", "email", 1}, {"emal", "email", 1}, {"username", "user", 3}, {"", "abc", 3}}
	for _, test := range tests {
		if got := distance([]rune(test.a), []rune(test.b), 2); got != test.want {
			t.Errorf("from %q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestHeadersOfOtherProgramsAndLanguagesAreSuggested(t *testing.T) {
	d := NewDictionary(false, append(field.DefaultFields(), field.Field{ID: "f1", Field: "plan", Name: "Plan", Type: field.SingleLine}))
	for header, want := range map[string]string{
		"E-Mail-Adresse": "email", "E-Mail (privat)": "email", "Email *": "email", "Mail": "email", "correo electronico": "email", "Adresse e-mail": "email",
		"indirizzo e-mail": "email", "endereço de e-mail": "email", "E-mailadres": "email", "Adres e-mail": "email", "E-POSTA": "email", "Эл. почта": "email",
		"电子邮箱": "email", "メールアドレス": "email", "Vorname": "first_name", "NOMBRE": "first_name", "Pre\u0301nom": "first_name", "voornaam": "first_name",
		"Imię": "first_name", "ADI": "first_name", "Имя": "first_name", "名": "first_name", "nome": "first_name", "Nachname": "last_name", "Apellidos": "last_name",
		"Nom de famille": "last_name", "cognome": "last_name", "sobrenome": "last_name", "achternaam": "last_name", "NAZWISKO": "last_name", "soyadı": "last_name",
		"фамилия": "last_name", "姓": "last_name", "Benutzername": "username", "nom d’utilisateur": "username", "nazwa użytkownika": "username",
		"Kullanıcı Adı": "username", "логин": "username", "用户名": "username", "Telefonnummer": "phone", "móvil": "phone", "Tel.": "phone", "手机号": "phone",
		"電話番号": "phone", "Land": "country", "Pays": "country", "страна": "country", "国籍": "", "Sprache": "language", "taal": "language", "语言": "language",
		"Rollen": "role", "Étiquettes": "tag", "タグ": "tag", "Usrename": "username", "Plan (2026)": "plan", "Shoe size": "", "": "",
	} {
		got := ""
		if f := d.Nearest(header); f != nil {
			got = f.Field
		}
		if got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestColumnsAreSuggestedByTheirValues(t *testing.T) {
	fields := append(field.DefaultFields(), field.Field{ID: "f1", Field: "birthday", Name: "Birthday", Type: field.Date}, field.Field{ID: "f2", Field: "site", Name: "Site", Type: field.URL})
	for name, test := range map[string]struct {
		header  []string
		samples []string // of the last column
		want    string
	}{
		"addresses":         {[]string{"x"}, []string{"a@example.org", " b@example.org"}, "email"},
		"a second address":  {[]string{"Email", "x"}, []string{"a@example.org"}, ""},
		"phone numbers":     {[]string{"x"}, []string{"+49 151 1234567", "0044 20 7946 0958"}, "phone"},
		"numbers":           {[]string{"x"}, []string{"1234567", "7654321"}, ""},
		"countries":         {[]string{"x"}, []string{"Germany", "FR"}, "country"},
		"codes":             {[]string{"x"}, []string{"DE", "FR"}, "country"},
		"one code":          {[]string{"x"}, []string{"IT"}, ""},
		"codes in small":    {[]string{"x"}, []string{"de", "fr"}, "language"},
		"languages":         {[]string{"x"}, []string{"German", "pt-BR"}, "language"},
		"days":              {[]string{"x"}, []string{"2026-04-07"}, ""},
		"sites":             {[]string{"x"}, []string{"https://example.org"}, ""},
		"not all addresses": {[]string{"x"}, []string{"a@example.org", "none"}, ""},
		"no values":         {[]string{"x"}, nil, ""},
	} {
		d, last := NewDictionary(false, fields), len(test.header)-1
		d.Samples = func() [][]string { return append(make([][]string, last), test.samples) }
		d.Describe(test.header, Mapping{})
		got := ""
		if f := d.Suggest(last, "Gx7 blob"); f != nil {
			got = f.Field
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
