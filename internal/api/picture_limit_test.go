package api_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

// cookie returns the cookie of a session.
func cookie(token string) string { return "regulars=" + token }

func TestPictureUploadsAreLimited(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.PicturesPerMin = 4 }), apptest.WithStoppedClock()) // no time of the test comes from the database
	here := a.Community(t)
	_, olivia := a.Owner(t, here, "olivia")
	_, other := a.Owner(t, here, "other")
	key := a.Key(t, here)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	api := func(token string, fields map[string]string) reply {
		fields["communityId"] = here
		body, kind := apptest.Form(t, "me.png", picture.Bytes(), fields)
		return send(t, a, "POST", "/v1/users/avatar", token, string(body), "Content-Type", kind)
	}
	page := func(token, path string) reply {
		body, kind := apptest.Form(t, "me.png", picture.Bytes(), nil)
		return send(t, a, "POST", "/c/"+here+path, "", string(body), "Content-Type", kind, "Cookie", cookie(token))
	}
	owner, err := a.Members.Find(t.Context(), apptest.Operator, here, "olivia")
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]func() reply{
		"the API": func() reply { return api(olivia, map[string]string{}) },
		"avatars": func() reply { return page(olivia, "/members/"+owner.ID+"/avatar") },
		"logos":   func() reply { return page(olivia, "/settings/logo") },
	}
	for _, way := range []string{"the API", "avatars", "logos", "the API"} {
		if res := ways[way](); res.status == http.StatusTooManyRequests || res.header.Get("RateLimit-Limit") != "4" || res.header.Get("RateLimit-Remaining") == "" {
			t.Errorf("%s within the limit: %d %v", way, res.status, res.header)
		}
	}
	for way, upload := range ways {
		res := upload()
		if res.status != http.StatusTooManyRequests || res.header.Get("Retry-After") == "" || res.header.Get("RateLimit-Remaining") != "0" {
			t.Errorf("%s over the limit: %d %v %.300s", way, res.status, res.header, res.text)
		}
		if way == "the API" && res.code() != "rate_limited" {
			t.Errorf("%s", res.text)
		}
	}
	if res := api(other, map[string]string{}); res.status != 201 {
		t.Errorf("somebody else: %d %s", res.status, res.text)
	}
	for n := range 5 {
		if res := api(key, map[string]string{"user": "other"}); (res.status == 201) != (n < 4) {
			t.Errorf("a key, %d: %d %s", n, res.status, res.text)
		}
	}
}
