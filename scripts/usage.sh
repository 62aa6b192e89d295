#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The words of a command line, against the usage that the script's own comment shows: what --help prints is
# what is taken. Sourced by ./dev and by what it calls.
# shellcheck shell=bash disable=SC2034
#
# A usage is the lines of a comment (# or //) from "usage: ./dev VERB" to the comment's end. In it:
#
#   --name          at the begin of a line, two spaces in: an option
#   --name VALUE    one that wants a value
#   NAME            a word without a dash, and NAME... any number of them
#   --...           any option of skeym VERB, which looks at them
#
# N and SECONDS are whole numbers. Another value is what a line says of it, if one does:
# "VALUE is one of: a, b=*." (patterns of the shell; of "VALUE,..." each part), "VALUE must exist
# as: tests/VALUE.c.", "VALUE must exist."

# usage_text FILE VERB: the usage, without the comment's signs.
usage_text() {
    awk -v begin="usage: ./dev $2" '
        { line = $0; comment = sub(/^(#|\/\/) ?/, "", line) }
        comment && (line == begin || index(line, begin " ") == 1) { on = 1 }
        on && !comment { exit }
        on { print line }' "$1"
}

# What is wrong with a value, or nothing. Of the text in USAGE.
usage_fault() { # VALUE as the usage has it, the value
    local set pattern one escaped
    case $1 in
    N | SECONDS)
        [[ $2 =~ ^[1-9][0-9]{0,9}$ ]] || echo "'$2' is not a whole number above 0"
        return
        ;;
    *,...)
        while IFS= read -r -d , one; do usage_fault "${1%,...}" "$one"; done <<<"$2," | head -n 1
        return
        ;;
    esac
    set=$(sed -n "s/^$1 is one of: \(.*\)\.$/\1/p" <<<"$USAGE")
    pattern=$(sed -n "s/^$1 must exist as: \(.*\)\.$/\1/p; s/^\($1\) must exist\.$/\1/p" <<<"$USAGE")
    if [ -n "$set" ]; then
        while IFS= read -r one; do
            # shellcheck disable=SC2053 # a pattern
            if [[ $2 == $one ]]; then return; fi
        done <<<"${set//, /$'\n'}"
        echo "'$2' is not one of: $set"
    elif [ -z "$2" ]; then
        echo "a word without letters"
    elif [ -n "$pattern" ]; then
        printf -v escaped %q "$2"
        compgen -G "${pattern/"$1"/"$escaped"}" >/dev/null || echo "there is no ${pattern/"$1"/"$2"}"
    fi
}

# usage_read FILE VERB WORD...: -h or --help anywhere: prints the usage, and the script ends with 0. A word that is
# not in it: says so, and it ends with 2. Else GIVEN has the options (yes, or the value) and WORDS the other words.
# Files are looked for in the current folder, which is the project's.
usage_read() {
    local file=$1 verb=$2 line name value any='' word places=() fault
    local -A wants=()
    shift 2
    USAGE=$(usage_text "$file" "$verb")
    for word in "$@"; do
        case $word in -h | --help)
            echo "$USAGE"
            if grep -q '^  --\.\.\. ' <<<"$USAGE" && [ -x build/skeym ]; then
                echo
                build/skeym "$verb" --help
            fi
            exit 0
            ;;
        esac
    done
    while IFS= read -r line; do
        if [[ $line =~ ^\ \ (--[a-z-]+)(\ ([A-Z,.]+))?(\ \ |$) ]]; then
            wants[${BASH_REMATCH[1]}]=${BASH_REMATCH[3]:-nothing}
        elif [[ $line =~ ^\ \ ([A-Z]+(\.\.\.)?)(\ \ |$) ]]; then
            places+=("${BASH_REMATCH[1]}")
        elif [[ $line == '  --... '* ]]; then
            any=yes
        fi
    done <<<"$USAGE"
    declare -gA GIVEN=()
    declare -ga WORDS=()
    while [ $# -gt 0 ] && [ -z "$any" ]; do
        name=$1 value=nothing
        case $name in
        -?*)
            [ -n "${wants[$name]-}" ] || usage_refuse "$verb" "there is no option '$name'"
            value=${wants[$name]}
            GIVEN[${name#--}]=yes
            if [ "$value" != nothing ]; then
                { [ $# -gt 1 ] && [[ $2 != --* ]]; } || usage_refuse "$verb" "$name wants a value: $value"
                fault=$(usage_fault "$value" "$2")
                [ -z "$fault" ] || usage_refuse "$verb" "$name $value: $fault"
                GIVEN[${name#--}]=$2
                shift
            fi
            ;;
        *) usage_place "$verb" "$name" ;;
        esac
        shift
    done
}

# A word takes the first place that it fits; a place that only one word can take is then taken.
usage_place() { # verb word
    local i fault='No such word is wanted'
    for i in "${!places[@]}"; do
        fault=$(usage_fault "${places[i]%...}" "$2")
        if [ -z "$fault" ]; then
            [[ ${places[i]} == *... ]] || unset "places[$i]"
            WORDS+=("$2")
            return
        fi
    done
    usage_refuse "$1" "what is '$2'? $fault"
}

usage_refuse() { # verb text
    printf 'dev %s: %s\n%s\n' "$1" "$2" "$USAGE" >&2
    exit 2
}
