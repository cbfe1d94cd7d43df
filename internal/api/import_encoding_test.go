package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
)

const memberHeader = "First Name,Last Name,Username,Email\n"

func TestDeclaredEncodingIsUsed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		for _, c := range []struct{ file, encoding, detected, first, last string }{
			{"\xe9\xd7\xc1\xce,\xf0\xc5\xd4\xd2\xcf\xd7,ko1,ko1@example.org\n", "koi8-r", "koi8-r", "Иван", "Петров"},
			{"\xce\xb0,\xd5\xc5,gb1,gb1@example.org\n", "GB2312", "gbk", "伟", "张"},
			{"\xa5\x53,\xa5\x5c,bi1,bi1@example.org\n", "big5", "big5", "兄", "功"},
			{"\x91\xbe\x98\x59,\x83\x7c,sj1,sj1@example.org\n", "windows-31j", "shift_jis", "太郎", "ポ"},
			{"\x1b$BB@O:\x1b(B,\x1b$B;3ED\x1b(B,jp1,jp1@example.org\n", "iso-2022-jp", "iso-2022-jp", "太郎", "山田"},
		} {
			community := a.Community(t)
			key := a.Key(t, community)
			_, status := importFile(t, a, key, memberHeader+c.file, "encoding", c.encoding)
			detected, _ := status["detected"].(map[string]any)
			if status["status"] != "completed" || detected["encoding"] != c.detected {
				t.Errorf("%s: %v", c.encoding, status)
			}
			users := send(t, a, "GET", "/v1/communities/"+community+"/users", key, "")
			if d := cmp.Diff([]any{c.first, c.last}, []any{users.at("data.0.firstName"), users.at("data.0.lastName")}); d != "" {
				t.Errorf("%s: %s", c.encoding, d)
			}
		}
		got := sendForm(t, a, "/v1/users/bulk-import", a.Key(t, a.Community(t)), memberHeader, nil, "encoding", "klingon")
		if got.status != 400 || got.at("errors.0.field") != "encoding" || got.at("errors.0.code") != "unknown_value" {
			t.Error(got.status, got.text)
		}
	})
}

func TestEncodingIsGuessedOrUnclear(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		for _, c := range []struct{ file, detected, first, last string }{
			{"\xe9\xd7\xc1\xce,\xf0\xc5\xd4\xd2\xcf\xd7,ko1,ko1@example.org\n", "koi8-r", "Иван", "Петров"},
			{"\xce\xb0,\xd5\xc5,gb1,gb1@example.org\n", "gbk", "伟", "张"},
			{"Jan,M\xfcller,wi1,wi1@example.org\n", "windows-1252", "Jan", "Müller"},
		} {
			community := a.Community(t)
			key := a.Key(t, community)
			_, status := importFile(t, a, key, memberHeader+c.file)
			detected, _ := status["detected"].(map[string]any)
			if confidence, _ := detected["encodingConfidence"].(float64); detected["encoding"] != c.detected || confidence < 0.7 {
				t.Errorf("%s: %v", c.detected, status)
			}
			warnings, _ := status["warnings"].([]any)
			if len(warnings) != 1 || warnings[0].(map[string]any)["code"] != "encoding_guessed" {
				t.Errorf("%s: warnings %v", c.detected, warnings)
			}
			users := send(t, a, "GET", "/v1/communities/"+community+"/users", key, "")
			if d := cmp.Diff([]any{c.first, c.last}, []any{users.at("data.0.firstName"), users.at("data.0.lastName")}); d != "" {
				t.Errorf("%s: %s", c.detected, d)
			}
		}
		key := a.Key(t, a.Community(t))
		got := sendForm(t, a, "/v1/users/bulk-import", key, memberHeader+"\xdf,Smith,u1,u1@example.org\n", nil)
		if got.status != 400 || got.at("code") != "encoding_unclear" || got.at("details.candidates.0.sample") == "" || got.at("details.candidates.1.encoding") == nil {
			t.Fatal(got.status, got.text)
		}
		chosen, _ := got.at("details.candidates.1.encoding").(string)
		if _, status := importFile(t, a, key, memberHeader+"\xdf,Smith,u1,u1@example.org\n", "encoding", chosen); status["status"] != "completed" {
			t.Error(status)
		}
	})
}
