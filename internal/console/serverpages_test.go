package console

import (
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

func fixtureInvites() InvitesView {
	row := func(code, state string, uses, most int64, joined ...InvitedRow) InviteRow {
		return InviteRow{
			Code: code, URL: "https://community.example.com/join/" + code, By: "ada.lovelace", Uses: uses, MaxUses: most, State: state,
			CreatedAt: ago(50 * time.Hour), ExpiresAt: seenAt.Add(100 * time.Hour).UnixMilli(), Joined: joined, Takeable: state != "revoked",
		}
	}
	mailed := row("e01b22c33d44", "open", 0, 1)
	mailed.Email, mailed.Role = "maximiliane.oberbichler-stadelbauer@very-long-domain.example", "Volunteer"
	return InvitesView{
		Mails: true, Roles: []Choice{{"r1", "Coach"}, {"r2", "Volunteer"}},
		Page: fixturePage("Invites", "invites", "Addresses that let people join, and who came by them."), Days: 7, Next: "?after=x",
		Made: "https://community.example.com/join/3f9c1b22a7d0",
		Invites: []InviteRow{
			mailed,
			row("3f9c1b22a7d0", "open", 0, 5), row("a01b22c33d44", "open", 12_345, 0, InvitedRow{"6a21d1c09f3b0c4d5e6f7a8b", "grace"}, InvitedRow{"6a21d1c09f3b0c4d5e6f7a8c", "somebody.with.a.rather.long.name"}),
			row("b01b22c33d44", "expired", 3, 10), row("c01b22c33d44", "used-up", 10, 10), row("d01b22c33d44", "revoked", 1, 0),
		},
	}
}

func fixturePenalties() PenaltiesView {
	row := PenaltyRow{ID: "6a21d1c09f3b0c4d5e6f7a01", UserID: "6a21d1c09f3b0c4d5e6f7a8b", User: "mallory", Kind: "suspend", Reason: "Wrote to everybody, twice, about a shop of their own", By: "ada.lovelace", CreatedAt: ago(time.Hour), Until: seenAt.Add(40 * time.Hour).UnixMilli(), InForce: true, Liftable: true}
	lifted := row
	lifted.ID, lifted.Kind, lifted.InForce, lifted.Liftable, lifted.LiftedAt, lifted.LiftedBy, lifted.Until = "6a21d1c09f3b0c4d5e6f7a02", "ban", false, false, ago(time.Minute), "grace", 0
	gone := row
	gone.ID, gone.User, gone.Kind, gone.InForce, gone.Liftable, gone.Until = "6a21d1c09f3b0c4d5e6f7a03", "", "warn", false, false, 0
	return PenaltiesView{
		Page: fixturePage("Penalties", "penalties", "The misconduct log: warnings, suspensions, kicks and bans."), May: penaltyKinds, Days: 7, Kind: "",
		Penalties: []PenaltyRow{row, lifted, gone},
	}
}

func fixtureAudit() AuditView {
	return AuditView{
		Page: fixturePage("Audit log", "audit-log", "What people and keys did in this community."), Actors: []Choice{{"", "Everybody"}, {"account:1", "ada.lovelace"}}, Next: "?after=x",
		Entries: []AuditRow{
			{Actor: "ada.lovelace", Action: "community.update", Target: "Rovers", At: ago(time.Hour), Changes: []Change{{"Colour", "#4f46e5", "#0b7285"}, {"Who may join", "Whoever has an invite", "Whoever wants"}}},
			{Actor: "Nightly import", Action: "user.update", Target: "grace", Link: "/", At: ago(3 * time.Hour), Changes: []Change{{"Country", "", ""}}},
			{Actor: "", Action: "invite.create", Target: "3f9c1b22a7d0", At: ago(30 * time.Hour)},
		},
	}
}

// serverFixtures are the pages about the community itself.
func serverFixtures() map[string]templ.Component {
	settings := fixturePage("Danger zone", "settings", "")
	wrong := fixturePenalties()
	wrong.User, wrong.Reason, wrong.Errors = "nobody", "x", map[string]string{"user": "There is no such user."}
	refused := fixturePenalties()
	refused.Alert = Alert{Message: "This member does not stand below you. Ask somebody whose highest role is above theirs.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	door := Page{Title: "Join", Reader: Reader{Now: seenAt, Words: fixtureWords}}
	shut := door
	shut.Alert = Alert{Message: "This invite has expired. Ask for another one."}
	asks := []Ask{
		{Field: Field{Name: "country", Label: "Country", Required: true, Error: "Country is needed to join."}},
		{Field: Field{Name: "size", Label: "Size of shirt", Required: true}, Choices: []Choice{{"", "–"}, {"S", "S"}, {"XL", "XL"}}},
		{Field: Field{Name: "likes", Label: "What you like"}, Several: true, Choices: []Choice{{"football", "Football"}, {"chess", "Chess"}}, Chosen: map[string]bool{"chess": true}},
	}
	offered := fixtureTransfer()
	offered.Open = &member.Transfer{ID: "6a21d1c09f3b0c4d5e6f7a99", FromName: "ada.lovelace", UserName: "maximiliane.oberbichler-stadelbauer", ExpiresAt: fixtureOffer().ExpiresAt}
	withOffer, ended, offer := fixtureMemberPage("Harbour Runners"), door, fixtureOffer()
	withOffer.Offer, ended.Alert = &offer, Alert{Message: "This transfer was accepted already.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	home := HomeView{Page: fixturePage("Communities", "", ""), Deleted: []DeletedRow{{"6a21d1c09f3b0c4d5e6f7a8b", "Rovers of the old town", seenAt.Add(300 * time.Hour).UnixMilli()}}}
	return map[string]templ.Component{
		"invites":         InvitesPage(fixtureInvites()),
		"invites-mailed":  InvitesPage(InvitesView{Page: fixturePage("Invites", "invites", ""), Mails: true, Mailed: 3, Invites: fixtureInvites().Invites[:1]}),
		"invites-wrong":   InvitesPage(InvitesView{Page: fixturePage("Invites", "invites", ""), Mails: true, Emails: "ada@example.com\nnobody", Errors: map[string]string{"emails": "nobody: An email address such as ada@example.com is expected."}}),
		"invites-none":    InvitesPage(InvitesView{Page: fixturePage("Invites", "invites", ""), Errors: map[string]string{"maxUses": "An invite is used at most 1 to 1000000 times, or any number of times with 0."}}),
		"join":            JoinPage(JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers of the old town", Members: 1234, Inviter: "ada", Signed: true, Asks: asks}),
		"join-door":       JoinPage(JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers", Members: 1, Inviter: "ada", Register: true}),
		"join-done":       JoinPage(JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers", Members: 2, Signed: true, Joined: true, Address: "/"}),
		"join-shut":       JoinPage(JoinView{Page: shut}),
		"penalties":       PenaltiesPage(fixturePenalties()),
		"penalties-wrong": PenaltiesPage(wrong), "penalties-refused": PenaltiesPage(refused),
		"penalties-none":    PenaltiesPage(PenaltiesView{Page: fixturePage("Penalties", "penalties", "")}),
		"audit":             AuditPage(fixtureAudit()),
		"community":         CommunityPage(fixtureCommunity()),
		"community-empty":   CommunityPage(CommunityView{Page: fixtureMemberPage("Harbour Runners"), Groups: []ChannelGroup{{}}}),
		"audit-none":        AuditPage(AuditView{Page: fixturePage("Audit log", "audit-log", ""), Filtered: true, Noun: "role"}),
		"languages":         LanguagesPage(LanguagesView{Page: settings, Languages: "en\nde", CoinsName: "Coins", CoinsIcon: "🪙", GemsName: "Gems", Errors: map[string]string{"languages": "Languages are 1 to 20 BCP 47 tags, such as en or pt-BR."}}),
		"joining":           JoiningPage(JoiningView{Page: settings, Policy: "invite", Fields: []Choice{{"country", "Country"}, {"phone", "Phone"}}, Asked: map[string]bool{"country": true}}),
		"danger":            DangerPage(DangerView{Page: settings, Owner: true, Days: 30}),
		"danger-transfer":   DangerPage(DangerView{Page: settings, Owner: true, Days: 30, Transfer: fixtureTransfer()}),
		"danger-offered":    DangerPage(DangerView{Page: settings, Owner: true, Days: 30, Transfer: offered}),
		"offer":             CommunityPage(CommunityView{Page: withOffer, Groups: fixtureCommunity().Groups}),
		"home-with-offer":   HomePage(HomeView{Page: fixturePage("Communities", "", ""), Offers: []TransferOffer{fixtureOffer()}, Choices: withOffer.Others}),
		"transfer-link":     TransferPage(TransferView{Page: door, Offer: withOffer.Offer}),
		"transfer-ended":    TransferPage(TransferView{Page: ended, Other: true}),
		"danger-of-others":  DangerPage(DangerView{Page: settings, Days: 30}),
		"home-with-deleted": HomePage(home),
	}
}

// fixtureTransfer is the form of a transfer with what was wrong, a while after
// the sign-in.
func fixtureTransfer() TransferCard {
	return TransferCard{
		MayOffer: true, Withdraws: true, Role: "Board members", User: "grace", Proof: SecurityView{Methods: account.Methods{Password: true}},
		Errors: map[string]string{"user": "This member has not signed in with a confirmed account yet. Ask them to sign in first, or choose another member.", "confirm": "This is not the name of the community."},
	}
}

func fixtureOffer() TransferOffer {
	return TransferOffer{"6a21d1c09f3b0c4d5e6f7a8b", "6a21d1c09f3b0c4d5e6f7a99", "Harbour Runners", "ada.lovelace", 12480, seenAt.Add(140 * time.Hour).UnixMilli()}
}

// offerFixtures are the pages of persons that a community added or invited.
func offerFixtures() map[string]templ.Component {
	door := Page{Title: "Your decision", Reader: Reader{Now: seenAt, Words: fixtureWords}}
	offer := OfferView{Page: door, Token: "3f9c1b22a7d0", Name: "Rovers of the old town", Members: 1234, Username: "maximiliane.oberbichler-stadelbauer"}
	other, unconfirmed, invite := offer, offer, offer
	other.Visitor, unconfirmed.Visitor, invite.Username, invite.Invite, invite.Visitor = readerOther, readerUnconfirmed, "", true, readerReceiver
	refused := other
	refused.Alert = Alert{Message: "This account cannot accept it.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	home := HomeView{Page: fixturePage("Communities", "", "Where do you want to go?"), Choices: []Community{{ID: "6a21d1c09f3b0c4d5e6f7a8b", Name: "Night Owls", Members: 12}}, Additions: []member.Addition{
		{CommunityID: "6a21d1c09f3b0c4d5e6f7a8c", Community: "Rovers", Username: "ada", AddedAt: ago(3 * time.Hour)},
		{CommunityID: "6a21d1c09f3b0c4d5e6f7a8d", Community: "Association of the harbour runners of the old town and the islands", Username: "maximiliane.oberbichler-stadelbauer", AddedAt: ago(70 * 24 * time.Hour)},
	}}
	german, germanHome := offer, home
	german.Reader.Words = i18n.For(language.German)
	germanHome.Reader.Words = german.Reader.Words
	return map[string]templ.Component{
		"offer-german": OfferPage(german), "home-with-additions-german": HomePage(germanHome),
		"offer": OfferPage(offer), "offer-other": OfferPage(other), "offer-refused": OfferPage(refused), "offer-unconfirmed": OfferPage(unconfirmed),
		"offer-invite": OfferPage(invite), "offer-dead": DeadOfferPage(door), "offer-declined": DeclinedPage(DeclinedView{Page: door, Signed: true}),
		"offer-invite-declined": DeclinedPage(DeclinedView{Page: door, Invite: true}), "home-with-additions": HomePage(home),
		"join-added": JoinPage(JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers", Members: 2, Inviter: "ada", Signed: true, Added: true, AddedAs: "grace"}),
	}
}

func TestThePagesOfOffersAreAccessible(t *testing.T) {
	checkGallery(t, offerFixtures())
}

func TestThePagesAboutTheCommunityAreAccessible(t *testing.T) {
	checkGallery(t, serverFixtures())
}

// fixtureMemberPage is the frame around what a member without a say sees.
func fixtureMemberPage(title string) Page {
	p := fixturePage(title, "home", "12,480 members")
	p.May = map[actor.Permission]bool{access.PermViewChannels: true}
	return p
}

func fixtureCommunity() CommunityView {
	return CommunityView{
		Page: fixtureMemberPage("Harbour Runners"), Roles: []RoleRow{{Title: "Coach", Class: "#d97706"}, {Title: "Volunteer", Class: "#0f8a6d"}},
		Groups: []ChannelGroup{
			{Channels: []ChannelRow{{ID: "1", Topic: "announcements", Description: "What the board wants everybody to know, a few times in a month at most.", Icon: "megaphone", Type: "News"}}},
			{ID: "c1", Name: "Training", Channels: []ChannelRow{
				{ID: "2", Topic: "tempo-runs", Icon: "hash", Type: "Text"},
				{ID: "3", Topic: "a-rather-long-name-of-a-channel-that-somebody-chose-one-day", Description: "For coaches", Icon: "hash", Type: "Text", Private: true},
				{ID: "4", Topic: "weather", Description: "Wind and tide of the week", Icon: "app-window", Type: "A page of another site", Page: true},
			}},
			{ID: "c2", Name: "Nothing to see here"},
		},
	}
}
