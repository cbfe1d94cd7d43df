package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// TestMessagesAreEnglishInEveryLanguage sends invalid requests as a German client:
// messages, codes and fields are as documented.
func TestMessagesAreEnglishInEveryLanguage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		fields, users := "/v1/communities/"+community+"/user-fields", "/v1/communities/"+community+"/users/"
		createField(t, a, community, key, `{"field":"bib","name":"Bib","type":"text","identifier":true}`)
		town := createField(t, a, community, key, `{"field":"town","name":"Town","type":"text"}`)
		createField(t, a, community, key, `{"field":"points","name":"Points","type":"number"}`)
		importFile(t, a, key, "First Name,Last Name,Username,Email,bib,town\nAda,L,ada,ada@example.com,7,Ulm\nBob,B,bob,bob@example.com,8,12\n")
		found, err := a.Members.Find(t.Context(), apptest.Operator, community, "ada")
		if err != nil {
			t.Fatal(err)
		}
		ada := found.ID
		newcomer := `{"firstname":"Eve","lastname":"E","username":"eve","displayname":"","email":"eve@example.com","customFields":`
		for _, c := range []struct{ name, method, path, body, want string }{
			{"a reserved name", "POST", fields, `{"field":"email","name":"Mail","type":"text"}`, `invalid_input: Some fields are wrong; each is listed with its reason.
field reserved: "email" is the name of a default field.`},
			{"an unknown type", "POST", fields, `{"field":"x","name":"X","type":"colour"}`, `invalid_input: Some fields are wrong; each is listed with its reason.
type unknown_type: A field's type is one of single-line-text, multi-line-text, numerical, boolean, date, select, multi-select, email, phone, country, url.`},
			{"values that do not fit", "PUT", fields + "/" + town, `{"type":"number"}`, `values_do_not_fit: 1 of 2 values of Town do not fit a numerical field, so nothing was changed. Correct them first; examples are listed.
type invalid_number: ada@example.com (` + ada + `): "Ulm". Write a plain number such as 1234.5: no thousands signs, no exponent.`},
			{"a default field", "DELETE", fields + "/email", ``, `default_field: Email is a default field: every community has it.`},
			{"an identifier that is taken", "POST", users + ada + "/user-fields/bib/histories", `{"value":"8"}`, `identifier_taken: Another member has this Bib.
value duplicate: Another member has this Bib.`},
			{"a value that has to be", "POST", users + ada + "/user-fields/first_name/histories", `{"value":""}`, `invalid_input: Some fields are wrong; each is listed with its reason.
value cannot_clear: First Name is required and cannot be cleared.`},
			{"a value of another type", "POST", users + ada + "/user-fields/points/histories", `{"value":true}`, `invalid_input: Some fields are wrong; each is listed with its reason.
value wrong_type: A numerical value is expected.`},
			{"a new member with a wrong value", "POST", "/v1/users", newcomer + `[{"fieldIdorName":"points","value":"many"}]}`, `invalid_input: Some fields are wrong; each is listed with its reason.
customFields[0] invalid_number: Points: Write a plain number such as 1234.5: no thousands signs, no exponent.`},
			{"a new member with somebody's value", "POST", "/v1/users", newcomer + `[{"fieldIdorName":"bib","value":"8"}]}`, `identifier_taken: Another member has the value 8 in a unique field.
customFields duplicate: Another member has the value 8 in a unique field.`},
			{"filters that cannot be", "POST", "/v1/users/filter", `{"filter":{"country":{"gte":"DE"},"join_date":"x","role":"chef","tag":"new"}}`, `invalid_input: Some fields are wrong; each is listed with its reason.
filter.country.gte no_range: Country has no order. Filter by one value.
filter.join_date invalid_date: Write the date as DD/MM/YYYY or YYYY-MM-DD.
filter.role unknown_role: There is no role "chef"; names are compared with their case.
filter.tag unknown_tag: There is no tag "new"; names are compared with their case.`},
			{"languages that are none", "PUT", "/v1/servers/" + community, `{"languages":["!"]}`, `invalid_input: Some fields are wrong; each is listed with its reason.
language invalid: A language is a BCP 47 tag, such as en or pt-BR.
languages invalid: Languages are 1 to 20 BCP 47 tags, such as en or pt-BR.`},
			{"a page from elsewhere", "POST", "/v1/channels", `{"topic":"x","channelType":"iframe","url":"https://evil.example/x"}`, `invalid_input: Some fields are wrong; each is listed with its reason.
url origin_not_allowed: Pages of https://evil.example may not be shown here. Add it to the community's setting allowedFrameOrigins first.`},
		} {
			res := send(t, a, c.method, c.path, key, c.body, "Accept-Language", "de")
			if d := cmp.Diff(c.want, failureText(t, res)); d != "" {
				t.Errorf("%s: %d %s", c.name, res.status, d)
			}
		}
	})
}

func TestErrorsOfFilesAreEnglish(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t))
		german := []string{"Accept-Language", "de"}
		for _, c := range []struct{ name, file, mapping, want string }{
			{"a document", "%PDF-1.7\n", "", `not_text: The file is a PDF document, not a table; send CSV, XLSX or ODS.`},
			{"nobody's rows", "First Name\nAda\n", "", `no_identifying_column: No column identifies the members. Add Email or Username.`},
			{"unknown columns", "Username,Colour,mail\nx,red,\n", "", `invalid_header: The header of the file is invalid; each wrong column is listed.
Colour unknown_header: There is no field "Colour". Create a field of that name first, or leave the column out with mapping.
mail unknown_header: There is no field "mail". Did you mean "Email"?`},
			{"a wrong mapping", "Email,Colour\nx@example.com,red\n", `{"Colour":"Farbe","x":null}`, `invalid_header: The header of the file is invalid; each wrong column is listed.
Colour unknown_field: The mapping has the unknown field "Farbe". Create a field of that name first, or leave the column out with mapping.
x unknown_header: The mapping names the column "x", which the file does not have.`},
		} {
			res := sendForm(t, a, "/v1/users/bulk-import", key, c.file, german, "mapping", c.mapping)
			if d := cmp.Diff(c.want, failureText(t, res)); d != "" {
				t.Errorf("%s: %d %s", c.name, res.status, d)
			}
		}
	})
}

// failureText formats an error: code and message, then every invalid field. An error
// has nothing else but its id.
func failureText(t *testing.T, r reply) string {
	t.Helper()
	var f struct {
		Status, Message, Code, RequestID string
		Errors                           []struct{ Field, Code, Message string }
	}
	decoder := json.NewDecoder(strings.NewReader(r.text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		t.Errorf("%v: %s", err, r.text)
	}
	lines := []string{f.Code + ": " + f.Message}
	for _, one := range f.Errors {
		lines = append(lines, one.Field+" "+one.Code+": "+one.Message)
	}
	return strings.Join(lines, "\n")
}
