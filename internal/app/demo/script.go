package demo

import (
	"image/color"
	"time"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/milestone"
)

// line is a message and what followed on it.
type line struct {
	ago       time.Duration
	author    string // username of a row of examples/members.csv, or the owner
	text      string
	picture   string // name of an attached image; "": none
	pinned    bool
	reported  string // reason of the owner; "": not reported
	reactions []reaction
	replies   []line
}

type reaction struct {
	emoji string
	by    []string
}

// thread is a topic of a forum.
type thread struct {
	title string
	tags  []string
	first line
	lines []line
}

type channel struct {
	name, description string
	kind              chat.Type
	lines             []line
	topics            []thread
}

const day = 24 * time.Hour

// visitors are members who are online.
var visitors = []string{"arthurbarnes", "ava-carter84", "freya-shaw", "ruby.green", "chinedueze"}

var channels = []channel{
	{
		name: "news", description: "What is new, from the team.", kind: chat.Announcement,
		lines: []line{
			{
				ago: 3 * day, author: "demo", text: "**The spring meetup is on 18 April.** Doors open at 18:00, talks start at 19:00. Reply in *general* if you bring a guest.", pinned: true,
				reactions: []reaction{{":tada:", []string{"arthurbarnes", "ava-carter84", "ruby.green", "freya-shaw"}}, {":heart:", []string{"lukas-kruger"}}},
			},
			{
				ago: 26 * time.Hour, author: "demo", text: "Members on the Pro plan get early access to the new reports this week. Tell us in *feedback* what is missing.",
				reactions: []reaction{{":+1:", []string{"chinedueze", "freya-shaw"}}},
			},
		},
	},
	{
		name: "general", description: "Everything that has no channel of its own.", kind: chat.Open,
		lines: []line{
			{
				ago: 2*day + 3*time.Hour, author: "arthurbarnes", text: "Good morning! Who is coming to the meetup? I would share a train from Leeds.",
				reactions: []reaction{{":wave:", []string{"ruby.green", "freya-shaw"}}},
				replies: []line{
					{ago: 2*day + 2*time.Hour, author: "freya-shaw", text: "I am. The 15:12 gets in at 17:40, so there is time for a coffee."},
					{ago: 2*day + 110*time.Minute, author: "ruby.green", text: "@arthurbarnes me too, see you on platform 4.", reactions: []reaction{{":+1:", []string{"arthurbarnes"}}}},
				},
			},
			{
				ago: 28 * time.Hour, author: "ava-carter84", text: "Here is the seating plan. Six people fit at a table; the stage is at the top.", picture: "seating-plan.png", pinned: true,
				reactions: []reaction{{":raised_hands:", []string{"arthurbarnes", "lukas-kruger", "chinedueze"}}},
			},
			{ago: 25 * time.Hour, author: "lukas-kruger", text: "Thanks @ava-carter84! Is there a vegetarian option for dinner?", replies: []line{
				{ago: 24 * time.Hour, author: "ava-carter84", text: "Yes, half of the menu. Write to me if you have an allergy."},
			}},
			{ago: 9 * time.Hour, author: "andres.garcia", text: "Cheap watches, write to me for a price list!!! Best quality, no questions asked.", reported: "Advertising, and not for the first time."},
			{ago: 4 * time.Hour, author: "chinedueze", text: "My card was charged twice in March. Can I get a refund for one of the payments?", replies: []line{
				{ago: 3 * time.Hour, author: "demo", text: "Sorry about that, @chinedueze. The second payment is on its way back; it takes two or three days."},
			}},
			{ago: 20 * time.Minute, author: "freya-shaw", text: "The export with the new columns saved me an hour today: `total_messages` and `login_streak` were all I needed.", reactions: []reaction{{":rocket:", []string{"arthurbarnes", "ava-carter84"}}}},
		},
	},
	{
		name: "feedback", description: "Ideas and problems, one topic each.", kind: chat.Forum,
		topics: []thread{
			{
				title: "A dark theme for the widgets", tags: []string{"widgets", "idea"},
				first: line{ago: 2 * day, author: "lukas-kruger", text: "Our site is dark, and the white leaderboard stands out. Could the widget follow the theme of the page?"},
				lines: []line{
					{ago: 46 * time.Hour, author: "freya-shaw", text: "Same here. Two custom properties for the colours would be enough for us.", reactions: []reaction{{":+1:", []string{"lukas-kruger", "ruby.green"}}}},
					{ago: 20 * time.Hour, author: "demo", text: "Good idea. We plan it together with the settings for fonts."},
				},
			},
			{
				title: "Import: dates with a two-digit year", tags: []string{"import"},
				first: line{ago: 30 * time.Hour, author: "ruby.green", text: "A supplier sends dates like 03/04/26. The check asks me for the format, which is right, but I have to choose it every week."},
				lines: []line{
					{ago: 29 * time.Hour, author: "demo", text: "The mapping of a file is kept for the next one with the same header. Does yours change from week to week?"},
					{ago: 28 * time.Hour, author: "ruby.green", text: "It does, they add a column with the number of the week. I will ask them to stop.", reactions: []reaction{{":joy:", []string{"chinedueze"}}}},
				},
			},
		},
	},
}

// partner is the member that the owner has a conversation with, and talk are its
// messages.
const partner = "ruby.green"

var talk = []line{
	{author: partner, ago: 26 * time.Hour, text: "Could I bring my sister on Friday? She is thinking about joining."},
	{author: "demo", ago: 25 * time.Hour, text: "Of course. Send her the invite, then her name is on the list."},
	{author: partner, ago: 24 * time.Hour, text: "Done, thank you!"},
}

// emblem is a badge with its picture, a star.
type emblem struct {
	title, description string
	action             string
	quantity           int64
	conditions         string // JSON, all of them; "": none
	xp                 int64
	points             int
	inner              float64 // radius between two points, in pixels
	tint               color.RGBA
}

var emblems = []emblem{
	{title: "First words", description: "You have joined the conversation.", action: condition.Messages, quantity: 1, xp: 10, points: 4, inner: 16, tint: color.RGBA{0x0e, 0x74, 0x90, 0xff}},
	{title: "Good answer", description: "You have answered others.", action: condition.Replies, quantity: 1, xp: 15, points: 12, inner: 34, tint: color.RGBA{0x4d, 0x7c, 0x0f, 0xff}},
	{
		title: "Rising star", description: "150 XP, however you have earned them.", action: badge.ByConditions, conditions: `{"action":"xpEarned","value":150}`,
		points: 5, inner: 18, tint: color.RGBA{0xb4, 0x53, 0x09, 0xff},
	},
	{title: "Meetup host", description: "For those who help at a meetup. Apply with a sentence about what you did.", action: badge.Custom, xp: 50, points: 8, inner: 32, tint: color.RGBA{0x7c, 0x3a, 0xed, 0xff}},
}

// host has the custom badge, and applicant applies for it.
const (
	host      = "freya-shaw"
	applicant = "ava-carter84"
	request   = "I drew the seating plan and will be at the door from 17:30 to welcome everybody."
)

// goal is a milestone.
type goal struct {
	name, group, description string
	conditions               string // JSON, all of them
	xp, coins                int64
	boost                    milestone.Boost
	lasted                   time.Duration // it began twice as long ago and ended then; 0: always
}

var goals = []goal{
	{name: "Say hello", group: "Getting started", description: "Write your first message.", conditions: `{"action":"messages","value":1}`, xp: 50, boost: milestone.Boost{Tenths: 20, Hours: 72}},
	{name: "Join in", group: "Getting started", description: "Reply to someone and react to a message.", conditions: `{"action":"replies","value":1},{"action":"reactions","value":1}`, coins: 20},
	{name: "Regular", group: "Loyalty", description: "Visit seven days in a row.", conditions: `{"action":"visitStreak","value":7}`, xp: 100, coins: 50},
	{name: "Pro member", group: "Loyalty", description: "Thank you for your subscription.", conditions: `{"fieldId":"plan","op":"in","value":["Pro","Enterprise"]}`, coins: 200},
	{name: "Festival of talks", group: "Seasons", description: "Ten messages during the festival.", conditions: `{"action":"messages","value":10}`, coins: 100, lasted: 30 * 24 * time.Hour},
}
