package api_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// withFields creates a community with a field of each type that has formats.
func withFields(t *testing.T, a *apptest.App) (communityID, key string) {
	t.Helper()
	communityID = a.Community(t)
	for _, in := range []field.Input{{Field: "points", Name: "Points", Type: field.Numerical}, {Field: "birthday", Name: "Birthday", Type: field.Date}} {
		if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, in); err != nil {
			t.Fatal(err)
		}
	}
	return communityID, a.Key(t, communityID)
}

func TestOptionsOfTheFormOverrideDetection(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, key := withFields(t, a)
		const who = "First Name,Last Name,Username,Email,Points,Birthday\n"
		for i, c := range []struct {
			name, file, points, birthday string
			last                         string
			fields                       []string
		}{
			{"as it is", who + "A,Löwe,%[1]s,%[1]s@example.com,\"1,5\",1990-02-01\n", "1.5", "1990-02-01", "Löwe", nil},
			{"decimal comma", who + "A,Löwe,%[1]s,%[1]s@example.com,\"1,234\",\n", "1.234", "", "Löwe", []string{"decimal", ","}},
			{"decimal point", who + "A,Löwe,%[1]s,%[1]s@example.com,1.5,\n", "1.5", "", "Löwe", []string{"decimal", "."}},
			{"day first", who + "A,Löwe,%[1]s,%[1]s@example.com,,01/02/1990\n", "", "1990-02-01", "Löwe", []string{"dateFormat", "DD/MM/YYYY"}},
			{"month first", who + "A,Löwe,%[1]s,%[1]s@example.com,,01/02/1990\n", "", "1990-01-02", "Löwe", []string{"dateFormat", "MM/DD/YYYY"}},
			{"with dots", who + "A,Löwe,%[1]s,%[1]s@example.com,,01.02.1990\n", "", "1990-02-01", "Löwe", []string{"dateFormat", "DD.MM.YYYY"}},
			{"an encoding", who + "A,Löwe,%[1]s,%[1]s@example.com,2,\n", "2", "", "LÃ¶we", []string{"encoding", "windows-1252"}},
			{"a delimiter", strings.ReplaceAll(who, ",", "|") + "A|L,o;we|%[1]s|%[1]s@example.com|3|\n", "3", "", "L,o;we", []string{"delimiter", "|"}},
			{"a mapping", "Vorname,Nachname,Login,Mail,Punkte,Egal\nA,Löwe,%[1]s,%[1]s@example.com,4,x\n", "4", "", "Löwe", []string{"mapping", `{"Vorname":"first_name","Nachname":"last name","Login":"username","Mail":"email","Punkte":"points","Egal":null}`}},
		} {
			username := fmt.Sprintf("member%d", i)
			jobID, status := importFile(t, a, key, fmt.Sprintf(c.file, username), c.fields...)
			if status["status"] != "completed" {
				t.Errorf("%s: %v %s", c.name, status, send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details", key, "").text)
				continue
			}
			got := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"`+username+`"}`)
			want := map[string]any{}
			if c.points != "" {
				want["points"] = c.points
			}
			if c.birthday != "" {
				want["birthday"] = c.birthday
			}
			fields, _ := got.at("data.customFields").(map[string]any)
			if points, set := fields["points"]; set {
				fields["points"] = fmt.Sprint(points)
			}
			if d := cmp.Diff(want, fields); d != "" || got.at("data.lastName") != c.last {
				t.Errorf("%s: last name %v, %s", c.name, got.at("data.lastName"), d)
			}
		}
	})
}

func TestAmbiguousNumberNeedsTheDecimalOption(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, key := withFields(t, a)
		jobID, _ := importFile(t, a, key, "First Name,Last Name,Username,Email,Points\nA,B,ada,ada@example.com,\"1,234\"\n")
		got := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details?line=2", key, "")
		if got.at("data.0.errors.0.code") != "number_ambiguous" || got.at("data.0.errors.0.column") != "Points" || got.at("data.0.errors.0.value") != "1,234" {
			t.Error(got.text)
		}
	})
}

func TestFilesOfEveryFormatAreAccepted(t *testing.T) {
	const text = "First Name,Last Name,Username,Email\nZoë,Brontë,zoe,zoe@example.com\nÅsa,Øst,asa,asa@example.com\n"
	book := workbook(t, "Old", "x", "Members", text)
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		for _, c := range []struct {
			name, file string
			fields     []string
			detected   map[string]any
		}{
			{"UTF-8", text, nil, map[string]any{"format": "csv", "lineEnding": "lf", "encoding": "utf-8", "delimiter": ","}},
			{"UTF-8 with its mark", "\ufeff" + text, nil, map[string]any{"format": "csv", "lineEnding": "lf", "encoding": "utf-8-bom", "delimiter": ","}},
			{"Windows-1252", windows1252(text), nil, map[string]any{"format": "csv", "lineEnding": "lf", "encoding": "windows-1252", "delimiter": ","}},
			{"UTF-16, little end first", inUTF16(text, binary.LittleEndian), nil, map[string]any{"format": "csv", "lineEnding": "lf", "encoding": "utf-16le", "delimiter": ","}},
			{"UTF-16, big end first", inUTF16(text, binary.BigEndian), nil, map[string]any{"format": "csv", "lineEnding": "lf", "encoding": "utf-16be", "delimiter": ","}},
			{"semicolons and CRLF", strings.NewReplacer(",", ";", "\n", "\r\n").Replace(text), nil, map[string]any{"format": "csv", "lineEnding": "crlf", "encoding": "utf-8", "delimiter": ";"}},
			{"gzip", gzipped(t, text), nil, map[string]any{"format": "csv", "lineEnding": "lf", "encoding": "utf-8", "delimiter": ",", "container": "gzip"}},
			{"zip", zipped(t, "members.csv", text), nil, map[string]any{"format": "csv", "lineEnding": "lf", "encoding": "utf-8", "delimiter": ",", "container": "zip", "entry": "members.csv"}},
			{"a workbook, its sheet by name", book, []string{"sheet", "Members"}, map[string]any{"format": "xlsx", "sheet": "Members"}},
			{"a workbook, its sheet by number", book, []string{"sheet", "2"}, map[string]any{"format": "xlsx", "sheet": "Members"}},
		} {
			community := a.Community(t)
			key := a.Key(t, community)
			_, status := importFile(t, a, key, c.file, c.fields...)
			if status["status"] != "completed" || status["percent"] != 100.0 {
				t.Errorf("%s: %v", c.name, status)
			}
			detected, _ := status["detected"].(map[string]any)
			delete(detected, "encodingConfidence") // TestEncodingIsGuessedOrUnclear checks it
			if d := cmp.Diff(c.detected, detected); d != "" {
				t.Errorf("%s: detected %s", c.name, d)
			}
			users := send(t, a, "GET", "/v1/communities/"+community+"/users?sort=username", key, "")
			got := []any{users.at("meta.total"), users.at("data.0.firstName"), users.at("data.0.lastName"), users.at("data.1.firstName"), users.at("data.1.lastName")}
			if d := cmp.Diff([]any{2.0, "Åsa", "Øst", "Zoë", "Brontë"}, got); d != "" {
				t.Errorf("%s: %s", c.name, d)
			}
		}
	})
}

func windows1252(text string) string {
	var b []byte
	for _, r := range text {
		b = append(b, byte(r)) // the letters of the test are the same in Latin-1
	}
	return string(b)
}

func inUTF16(text string, order binary.AppendByteOrder) string {
	b := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer never fails
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipped returns a zip of files, given as names and texts.
func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		part, err := w.Create(files[i])
		if err == nil {
			_, err = part.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// workbook returns a spreadsheet of sheets, given as names and tables in CSV
// without quotes.
func workbook(t *testing.T, sheets ...string) string {
	t.Helper()
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	const pack = "http://schemas.openxmlformats.org/package/2006/"
	types := `<Types xmlns="` + pack + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`
	var list, links string
	var files []string
	for i := 0; i < len(sheets); i += 2 {
		n := i/2 + 1
		list += fmt.Sprintf(`<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, sheets[i], n, n)
		links += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, office, n)
		var rows strings.Builder
		for r, line := range strings.Split(strings.TrimSpace(sheets[i+1]), "\n") {
			fmt.Fprintf(&rows, `<row r="%d">`, r+1)
			for c, cell := range strings.Split(line, ",") {
				fmt.Fprintf(&rows, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+c, r+1, cell)
			}
			rows.WriteString("</row>")
		}
		files = append(files, fmt.Sprintf("xl/worksheets/sheet%d.xml", n), head+`<worksheet xmlns="`+main+`"><sheetData>`+rows.String()+`</sheetData></worksheet>`)
	}
	return zipped(t, append([]string{
		"[Content_Types].xml", head + types,
		"_rels/.rels", head + `<Relationships xmlns="` + pack + `relationships"><Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", head + `<workbook xmlns="` + main + `" xmlns:r="` + office + `"><sheets>` + list + `</sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", head + `<Relationships xmlns="` + pack + `relationships">` + links + `</Relationships>`,
	}, files...)...)
}

func TestInvalidRowDoesNotAffectOthers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		file := "First Name,Last Name,Username,Email\n" +
			"A,A,aaa,aaa@example.com\n" +
			"B,\xff\xfe,bbb,bbb@example.com\n" +
			"C," + strings.Repeat("x", 1<<20) + ",ccc,ccc@example.com\n" +
			"D,D,ddd,ddd@example.com,more\n" +
			"E,\"E,eee,eee@example.com\n" +
			"F,F,fff,fff@example.com\n"
		jobID, status := importFile(t, a, key, file, "encoding", "utf-8")
		counts, _ := status["counts"].(map[string]any)
		if status["status"] != "completed_with_errors" || counts["created"] != 2.0 || counts["failed"] != 4.0 {
			t.Errorf("%v", status)
		}
		got := map[float64]any{}
		rows, _ := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details", key, "").body["data"].([]any)
		for _, row := range rows {
			r, _ := row.(map[string]any)
			line, _ := r["line"].(float64)
			got[line] = r["outcome"]
			if problems, _ := r["errors"].([]any); len(problems) > 0 {
				got[line] = problems[0].(map[string]any)["code"]
			}
		}
		want := map[float64]any{2: "created", 3: "bad_encoding", 4: "record_too_long", 5: "too_many_cells", 6: "open_quote", 7: "created"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestFailedRowsAreCorrectedAndUploadedAgain(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community, key := withFields(t, a)
		file := "First Name;Last Name;Username;Email;Points\r\n" +
			"Zoë;=1+1;zoe;zoe at example.com;-5\r\n" +
			"Ada;Lovelace;ada;ada@example.com;1\r\n" +
			"Bob;\"a;b\"\"c\";bob;bob@example.com;many\r\n"
		jobID, _ := importFile(t, a, key, windows1252(file))
		failed := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/failed.csv", key, "")
		lines := strings.Split(failed.text, "\r\n")
		if len(lines) != 4 || lines[0] != "First Name;Last Name;Username;Email;Points;_line;_error_column;_error_code;_error_message" ||
			!strings.HasPrefix(lines[1], windows1252("Zoë;'=1+1;zoe;zoe at example.com;-5;2;Email;invalid_email;")) ||
			!strings.HasPrefix(lines[2], `Bob;"a;b""c";bob;bob@example.com;many;4;Points;`) {
			t.Fatalf("%q", lines)
		}
		_, again := importFile(t, a, key, failed.text)
		counts, _ := again["counts"].(map[string]any)
		if counts["failed"] != 2.0 || counts["read"] != 2.0 {
			t.Errorf("as it is: %v", again)
		}
		_, corrected := importFile(t, a, key, strings.NewReplacer("zoe at example.com", "zoe@example.com", ";many;", ";7;").Replace(failed.text))
		counts, _ = corrected["counts"].(map[string]any)
		if corrected["status"] != "completed" || counts["created"] != 2.0 {
			t.Errorf("corrected: %v", corrected)
		}
		users := send(t, a, "GET", "/v1/communities/"+community+"/users?sort=-username", key, "")
		got := []any{users.at("data.0.firstName"), users.at("data.0.lastName"), users.at("data.0.customFields.points"), users.at("data.1.lastName"), users.at("data.1.customFields.points")}
		if d := cmp.Diff([]any{"Zoë", "=1+1", -5.0, `a;b"c`, 7.0}, got); d != "" {
			t.Error(d)
		}
	})
}

func TestTemplateHasTheFieldsOfTheCommunityAndCanBeImported(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community, key := withFields(t, a)
		template := send(t, a, "GET", "/v1/users/bulk-import/template?communityId="+community, key, "")
		if template.text != "First Name,Last Name,Username,Email,Phone,Country,Language,Role,Tag,Points,Birthday\n" {
			t.Errorf("%q", template.text)
		}
		if got := template.header.Get("Content-Disposition"); !strings.Contains(got, ".csv") || !strings.HasPrefix(template.header.Get("Content-Type"), "text/csv") {
			t.Errorf("%v", template.header)
		}
		if _, status := importFile(t, a, key, template.text+"Ada,Lovelace,ada,ada@example.com,+44 20 7123 4567,United Kingdom,English,,,3,1815-12-10\n"); status["status"] != "completed" {
			t.Errorf("%v", status)
		}
	})
}

func TestFilteredTotalIsCapped(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community)
		importFile(t, a, key, manyMembers(10_001))
		under := "/v1/communities/" + community + "/users?limit=1"
		for query, want := range map[string][]any{
			"":                   {10001.0, nil},
			"&search=member":     {10000.0, true},
			"&search=member9999": {1.0, nil},
		} {
			meta := send(t, a, "GET", under+query, key, "")
			if d := cmp.Diff(want, []any{meta.at("meta.total"), meta.at("meta.totalCapped")}); d != "" {
				t.Errorf("%q: %s", query, d)
			}
		}
	})
}

// TestEmptyFormCountsAsNoBody sends the request of curl without data.
func TestEmptyFormCountsAsNoBody(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t))
		jobID, _ := importFile(t, a, key, "First Name,Last Name,Username,Email\nA,B,ada,ada@example.com\n", "dryRun", "true")
		job := "/v1/users/bulk-update/" + jobID
		for action, status := range map[string]int{"/apply": 200, "/undo": 409, "/cancel": 409} {
			if got := send(t, a, "POST", job+action, key, "", "Content-Type", "application/x-www-form-urlencoded"); got.status != status {
				t.Errorf("%s: %d %s", action, got.status, got.text)
			}
		}
	})
}

func TestInvalidOptionsAreRejectedWithAllowedValues(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	form := map[string]string{"delimiter": ":", "decimal": "'", "mode": "all"}
	_, answer := a.Upload(t, "/v1/users/bulk-import", a.Key(t, a.Community(t)), "m.csv", []byte("Email\na@example.com\n"), form)
	var got []string
	wrong, _ := answer["errors"].([]any)
	for _, one := range wrong {
		field, _ := one.(map[string]any)
		got = append(got, fmt.Sprint(field["field"], ": ", field["message"]))
	}
	want := []string{
		"mode: Use one of: upsert, create, update.", "delimiter: Use a comma, a semicolon, a pipe or a tab, which may be written as the word tab.", "decimal: Use a point or a comma.",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s %v", d, answer)
	}
}
