#!/usr/bin/env bash
# Drives the window under a virtual display through its main states and writes PNGs to look at.
#   take.sh ALCOVE OUT-FOLDER
# The scripted engine (--demo) gives the same words each time; two pictures use the starter model itself.
set -euo pipefail
alcove=$(realpath "$1")
out=$(realpath -m "$2")
mkdir -p "$out"

work=$(mktemp -d)
display=:$((90 + RANDOM % 900))
Xvfb "$display" -screen 0 2600x1600x24 -nolisten tcp -noreset >"$work/xvfb.log" 2>&1 &
server=$!
app=
cleanup() {
    [ -z "$app" ] || kill "$app" 2>/dev/null || true
    kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
export DISPLAY=$display QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8 XDG_RUNTIME_DIR=$work
for _ in $(seq 100); do xdotool getmouselocation >/dev/null 2>&1 && break; sleep 0.1; done

window=
# start FOLDER WIDTH HEIGHT [ARGS...]: the app over that data folder, at that size.
start() {
    local folder=$1 width=$2 height=$3
    shift 3
    "$alcove" --data-dir "$folder" "$@" >>"$work/app.log" 2>&1 &
    app=$!
    window=
    for _ in $(seq 200); do
        window=$(xdotool search --onlyvisible --name Alcove 2>/dev/null | tail -n 1) && [ -n "$window" ] && break
        kill -0 "$app" 2>/dev/null || { cat "$work/app.log" >&2; exit 1; }
        sleep 0.1
    done
    [ -n "$window" ] || { echo "the window did not appear" >&2; exit 1; }
    xdotool windowsize --sync "$window" "$width" "$height" windowmove "$window" 0 0
    xdotool windowfocus "$window"
    xdotool mousemove 2590 1590
    sleep 2.5 # the model is ready
}
stop() {
    kill "$app" 2>/dev/null || true
    wait "$app" 2>/dev/null || true
    app=
}
keys() { xdotool key --window "$window" --delay 40 "$@"; sleep 0.4; }
say() { xdotool type --window "$window" --delay 12 "$1"; sleep 0.2; }
ask() { say "$1"; keys Return; sleep "$2"; }
shot() { import -window "$window" "$out/$1.png"; echo "$out/$1.png"; }
# choose FOLDER KEY JSON: a setting, written while the app is closed.
choose() { sqlite3 "$1/alcove.sqlite3" "INSERT OR REPLACE INTO settings(key, value) VALUES('$2', '$3')"; }

# Pages of the window, light and dark, in three widths.
tour() {
    local name=$1 folder=$2 width=$3 height=$4
    start "$folder" "$width" "$height" --demo
    shot "$name-empty"
    ask "Show me a table and some code, please" 1
    shot "$name-streaming"
    sleep 9
    shot "$name-answer"
    keys ctrl+n
    ask "Think it over: what is heavier, a litre of ice or a litre of water?" 2.5
    shot "$name-thinking"
    sleep 8
    shot "$name-thought"
    keys shift+Tab Tab Return
    sleep 0.6
    shot "$name-reasoning"
    keys ctrl+n
    ask "Think it over once more" 4
    keys Escape
    sleep 0.6
    shot "$name-stopped-thinking"
    keys ctrl+n
    ask "This one ends in an error" 7
    shot "$name-error"
    keys ctrl+m
    shot "$name-picker"
    keys Escape
    keys ctrl+comma
    sleep 1
    shot "$name-settings"
    keys F1
    say "bigger model"
    sleep 0.6
    shot "$name-help"
    stop
}

# What has to look right at another scale too; sizes are in the screen's pixels.
scaled() {
    local scale=$1 name=$2 folder=$3 width=$4 height=$5
    export QT_SCALE_FACTOR=$scale
    start "$folder" "$width" "$height" --demo
    shot "$name-empty"
    ask "Show me a table and some code, please" 10
    shot "$name-answer"
    keys ctrl+n
    ask "Where does this link lead?" 8
    keys shift+Tab Tab Tab Tab Return
    keys Down Return
    sleep 0.6
    shot "$name-link"
    keys Escape
    keys ctrl+k
    sleep 0.6
    shot "$name-sidebar"
    keys Escape
    keys ctrl+m
    shot "$name-picker"
    keys Down Down Down Down Return
    sleep 0.6
    shot "$name-models"
    keys ctrl+comma
    sleep 1
    shot "$name-settings"
    keys F1
    sleep 0.6
    shot "$name-help"
    stop
    unset QT_SCALE_FACTOR
}

light=$work/light dark=$work/dark
tour light "$light" 1120 780
start "$dark" 1120 780 --demo
stop
choose "$dark" theme '"dark"'
tour dark "$dark" 1120 780
tour narrow "$work/narrow" 480 720
tour wide "$work/wide" 2560 1440
scaled 1.5 scale150 "$work/scale150" 1680 1170
scaled 1.5 scale150-narrow "$work/scale150n" 720 1080
scaled 2 scale200 "$work/scale200" 2240 1560
scaled 2 scale200-narrow "$work/scale200n" 960 1440
scaled 1 scale100 "$work/scale100" 1120 780

# Documents: what is known, a search, a passage beside it, an answer that cites.
documents() {
    local name=$1 folder=$2 width=$3 height=$4
    "$(dirname "$alcove")/alcove-cli" --data-dir "$folder" index "$work/papers" --collection Village >/dev/null 2>&1 || true
    start "$folder" "$width" "$height"
    keys ctrl+shift+d
    sleep 0.6
    shot "$name-list"
    keys Tab
    xdotool mousemove --window "$window" "$((width / 2 + 60))" 86 click 1
    say "notice period"
    sleep 1
    shot "$name-found"
    xdotool mousemove --window "$window" "$((width / 2 + 60))" 280 click 1
    sleep 2
    shot "$name-source"
    stop
}
mkdir -p "$work/papers"
cat >"$work/papers/lease.md" <<'TEXT'
# Lease of the mill

The rent of the old mill is 840 euros a month. It is due on the third working day.

# Notice

The lease ends with a notice period of three months.
TEXT
pandoc "$work/papers/lease.md" -o "$work/papers/lease.odt"
(cd "$work/papers" && soffice -env:UserInstallation="file://$work/office" --headless --convert-to pdf lease.odt) >/dev/null 2>&1
rm "$work/papers/lease.md"
qpdf --encrypt secret secret 256 -- "$work/papers/lease.pdf" "$work/papers/letter.pdf"
echo "no PDF" >"$work/papers/broken.pdf"
start "$work/papersdark" 1120 780 --demo
stop
choose "$work/papersdark" theme '"dark"'
documents documents "$work/paperslight" 1120 780
documents documents-dark "$work/papersdark" 1120 780
documents documents-narrow "$work/papersnarrow" 480 720

# The real thing: the starter model answers.
start "$work/real" 1120 780
ask "What is a token?" 6
shot real-answer
stop
start "$work/real" 1120 780
sleep 1
shot real-restarted
stop
echo "The bakery opens at seven in the morning. It was founded in 1921 by Anna Weber." >"$work/bakery.txt"
"$(dirname "$alcove")/alcove-cli" --data-dir "$work/cited" index "$work/bakery.txt" --collection Bakery >/dev/null 2>&1
choose "$work/cited" temperature 0
start "$work/cited" 1120 780
xdotool mousemove --window "$window" 314 721 click 1 # the paper clip
sleep 0.8
xdotool mousemove --window "$window" 400 702 click 1 # its only collection
sleep 0.5
xdotool mousemove --window "$window" 600 721 click 1
ask "When was the bakery founded?" 6
shot real-cited
xdotool mousemove --window "$window" 361 297 click 1 # the source beneath the answer
sleep 1
shot real-source
stop
