package badge_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/safehttp"
	"github.com/regulars/regulars/internal/sqldb"
)

func each(t *testing.T, test func(f *membertest.Fixture, badges *badge.Badges, library *media.Library)) {
	t.Helper()
	membertest.Each(t, func(f *membertest.Fixture) {
		files, err := blob.Open(f.TempDir())
		f.OK(err)
		defer func() { f.OK(files.Close()) }()
		library := media.New(f.DB, files, f.Clock)
		test(f, badge.New(badge.Deps{
			DB: f.DB, Clock: f.Clock, Access: f.NewAccess(), Pictures: library, Web: safehttp.New(safehttp.Options{Loopback: true}), BaseURL: func() string { return "https://club.example" },
		}), library)
	})
}

func custom(image string) badge.Input {
	title, action := "Badge", badge.Custom
	return badge.Input{Title: &title, Action: &action, Image: &image}
}

func TestPictureOfAnAddressIsFetchedOnce(t *testing.T) {
	each(t, func(f *membertest.Fixture, badges *badge.Badges, library *media.Library) {
		var requests atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			switch r.URL.Path {
			case "/a.png":
				var content bytes.Buffer
				_ = png.Encode(&content, image.NewNRGBA(image.Rect(0, 0, 1024, 512))) // a buffer never fails
				_, _ = w.Write(content.Bytes())
			default:
				_, _ = w.Write([]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"))
			}
		}))
		defer server.Close()
		made, err := badges.Create(f.Context(), membertest.Command, f.Community, custom(server.URL+"/a.png"))
		f.OK(err)
		p, file, err := library.Open(f.Context(), f.Community, made.Image)
		f.OK(err)
		f.OK(file.Close())
		if p.Width != 512 || p.Height != 256 || p.Kind != media.Badge {
			f.Errorf("%+v", p)
		}
		address := badges.URL(f.Community, made.Image)
		if !strings.HasPrefix(address, "https://club.example/media/") {
			f.Error(address)
		}
		same, err := badges.Update(f.Context(), membertest.Command, f.Community, made.ID, custom(address), 0)
		if f.OK(err); same.Image != made.Image || same.Version != 1 || requests.Load() != 1 {
			f.Errorf("%+v after %d requests", same, requests.Load())
		}
		for path, code := range map[string]string{"/a.svg": "image_type"} {
			if _, err := badges.Create(f.Context(), membertest.Command, f.Community, custom(server.URL+path)); !errs.Is(err, code) {
				f.Errorf("%s: %v", path, err)
			}
		}
		none, err := badges.Update(f.Context(), membertest.Command, f.Community, made.ID, custom(""), 0)
		if f.OK(err); none.Image != "" || none.Version != 2 {
			f.Errorf("%+v", none)
		}
		if _, _, err := library.Open(f.Context(), f.Community, made.Image); !errs.Is(err, "picture_not_found") {
			f.Error(err)
		}
	})
}

// A picture that was stored for a rejected badge is deleted.
func TestRejectedBadgeLeavesNoFile(t *testing.T) {
	each(t, func(f *membertest.Fixture, badges *badge.Badges, _ *media.Library) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = png.Encode(w, image.NewNRGBA(image.Rect(0, 0, 8, 8))) // the client reports it
		}))
		defer server.Close()
		made, err := badges.Create(f.Context(), membertest.Command, f.Community, custom(""))
		f.OK(err)
		if _, err := badges.Update(f.Context(), membertest.Command, f.Community, made.ID, custom(server.URL), 7); !errs.Is(err, "stale_version") {
			f.Error(err)
		}
		n, err := sqldb.One(f.Context(), f.DB, "picture", sqldb.Value[int], "SELECT count(*) FROM media")
		if f.OK(err); n != 0 {
			f.Errorf("%d pictures", n)
		}
	})
}

func TestACommunityHasManyBadgesAtMost(t *testing.T) {
	each(t, func(f *membertest.Fixture, badges *badge.Badges, _ *media.Library) {
		first, err := badges.Create(f.Context(), membertest.Command, f.Community, custom(""))
		f.OK(err)
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			for range badge.MaxBadges - 1 {
				if err := badge.Insert(f.Context(), tx, f.Community, first); err != nil {
					return err
				}
			}
			return nil
		}))
		if _, err := badges.Create(f.Context(), membertest.Command, f.Community, custom("")); !errs.Is(err, "too_many_badges") {
			f.Error(err)
		}
		f.OK(badges.Delete(f.Context(), membertest.Command, f.Community, first.ID))
		_, err = badges.Create(f.Context(), membertest.Command, f.Community, custom(""))
		f.OK(err)
	})
}
