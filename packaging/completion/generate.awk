# SPDX-License-Identifier: Apache-2.0
# Reads --help:
#
#       --log.level=info          Log only messages of this severity or higher. One of:
#                                 debug|info|warn|error.
#       --[no-]once               Print the metrics once to standard output and exit.
#
# A flag is at column 7, "-h, " before it at column 3; its help at column 33, or on the following lines.

/^      --/ || /^  -h, --/ {
    spelled = $1 == "-h," ? $2 : $1
    sub(/^--/, "", spelled)
    count++
    switch_of[count] = sub(/^\[no-\]/, "", spelled)
    sub(/[= ].*/, "", spelled)
    name[count] = spelled
    text = length($0) > 32 && substr($0, 31, 2) == "  " ? substr($0, 33) : ""
    help[count] = text
    next
}
/^                                / && count { help[count] = help[count] (help[count] == "" ? "" : " ") substr($0, 33) }

function choices(i,    part) {
    if (!match(help[i], /One of: [^ ]+\.$/))
        return ""
    part = substr(help[i], RSTART + 8, RLENGTH - 9)
    gsub(/\|/, " ", part)
    return part
}
function kind(i) { # of the value
    if (switch_of[i])
        return "switch"
    if (choices(i) != "")
        return "choice"
    if (name[i] ~ /^path\.|directory|modules/)
        return "directory"
    if (name[i] ~ /migrate|file$/)
        return "file"
    return "text"
}

function bash(    i) {
    print "# Completion of nodegauge for bash."
    print "_nodegauge() {"
    print "    local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} IFS=$'\\n'"
    print "    # bash takes --flag=value for three words"
    print "    if [[ $word == = ]]; then"
    print "        word="
    print "    elif [[ $flag == = ]]; then"
    print "        flag=${COMP_WORDS[COMP_CWORD - 2]}"
    print "    fi"
    print "    case $flag in"
    for (i = 1; i <= count; i++) {
        if (kind(i) == "choice")
            printf "    --%s) mapfile -t COMPREPLY < <(compgen -W \"$(printf '%%s\\n' %s)\" -- \"$word\"); return ;;\n", name[i], choices(i)
        else if (kind(i) == "directory")
            printf "    --%s) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n", name[i]
        else if (kind(i) == "file")
            printf "    --%s) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n", name[i]
        else if (kind(i) == "text")
            printf "    --%s) return ;;\n", name[i]
    }
    print "    esac"
    print "    mapfile -t COMPREPLY < <(compgen -W '"
    for (i = 1; i <= count; i++) {
        if (switch_of[i])
            printf "--%s\n--no-%s\n", name[i], name[i]
        else
            printf "--%s=\n", name[i]
    }
    print "' -- \"$word\")"
    print "    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace"
    print "    return 0"
    print "}"
    print "complete -F _nodegauge nodegauge"
}

function zsh_text(text) {
    gsub(/'/, "'\\''", text)
    gsub(/\\/, "\\\\", text)
    gsub(/\[/, "\\[", text)
    gsub(/\]/, "\\]", text)
    gsub(/:/, "\\:", text)
    return text
}
function zsh(    i, value) {
    print "#compdef nodegauge"
    print "_arguments -S \\"
    for (i = 1; i <= count; i++) {
        if (switch_of[i]) {
            printf "    '--%s[%s]' \\\n", name[i], zsh_text(help[i])
            if (name[i] !~ /^(help|version|once)$/)
                printf "    '--no-%s[not\\: %s]' \\\n", name[i], zsh_text(help[i])
            continue
        }
        value = kind(i) == "choice" ? "(" choices(i) ")" : kind(i) == "directory" ? "_files -/" : kind(i) == "file" ? "_files" : " "
        printf "    '*--%s=[%s]:value:%s' \\\n", name[i], zsh_text(help[i]), value
    }
    print "    '-h[Print a list of flags and exit.]'"
}

function fish_text(text) {
    gsub(/[\\']/, "\\\\&", text)
    return "'" text "'"
}
function fish(    i) {
    print "# Completion of nodegauge for fish."
    print "complete -c nodegauge -f"
    for (i = 1; i <= count; i++) {
        printf "complete -c nodegauge -l %s -d %s", name[i], fish_text(help[i])
        if (kind(i) == "choice")
            printf " -x -a '%s'", choices(i)
        else if (kind(i) == "directory")
            printf " -x -a '(__fish_complete_directories)'"
        else if (kind(i) == "file")
            printf " -r -F"
        else if (kind(i) == "text")
            printf " -x"
        print ""
        if (switch_of[i] && name[i] !~ /^(help|version|once)$/)
            printf "complete -c nodegauge -l no-%s -d %s\n", name[i], fish_text("not: " help[i])
    }
    print "complete -c nodegauge -s h -d 'Print a list of flags and exit.'"
}

END {
    for (i = 1; i <= count; i++)
        sub(/ \(default: on\)$/, "", help[i])
    if (!count) {
        print "no flags in the help" > "/dev/stderr"
        exit 1
    }
    if (shell == "bash")
        bash()
    else if (shell == "zsh")
        zsh()
    else
        fish()
}
