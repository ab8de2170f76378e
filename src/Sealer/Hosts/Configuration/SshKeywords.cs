using System.Collections.Frozen;

namespace Sealer.Hosts.Configuration;

/// <summary>What a value of a keyword looks like.</summary>
internal enum SshValueKind
{
    /// <summary>Known to ssh, not used here, not looked at.</summary>
    Ignored,

    /// <summary>One word.</summary>
    Word,

    /// <summary>One or more words.</summary>
    Words,

    /// <summary>yes or no.</summary>
    Flag,

    /// <summary>A port.</summary>
    Port,

    /// <summary>A whole number, not negative.</summary>
    Number,

    /// <summary>Seconds, or with units: 1m30s.</summary>
    Duration,

    /// <summary>yes, no, ask, accept-new and their other names.</summary>
    HostKeyPolicy,

    /// <summary>A chain of jump hosts.</summary>
    Jumps,

    /// <summary>All of the line as it is.</summary>
    Line,
}

/// <summary>The keywords of ssh_config(5). An unknown one is a mistake, as it is to ssh.</summary>
internal static class SshKeywords
{
    private const int LongestCompared = 64;

    private static readonly FrozenDictionary<string, SshValueKind> Known = Make();

    public static bool TryGet(string keyword, out SshValueKind kind) => Known.TryGetValue(keyword, out kind);

    /// <summary><c>; did you mean 'X'?</c> or nothing.</summary>
    public static string DidYouMean(string keyword) => keyword.Length > LongestCompared ? "" : Spelling.DidYouMean(keyword, Known.Keys);

    private static FrozenDictionary<string, SshValueKind> Make()
    {
        var known = new Dictionary<string, SshValueKind>
        {
            ["certificatefile"] = SshValueKind.Word,
            ["connecttimeout"] = SshValueKind.Duration,
            ["globalknownhostsfile"] = SshValueKind.Words,
            ["hashknownhosts"] = SshValueKind.Flag,
            ["hostkeyalias"] = SshValueKind.Word,
            ["hostname"] = SshValueKind.Word,
            ["identitiesonly"] = SshValueKind.Flag,
            ["identityagent"] = SshValueKind.Word,
            ["identityfile"] = SshValueKind.Word,
            ["ignoreunknown"] = SshValueKind.Words,
            ["port"] = SshValueKind.Port,
            ["proxycommand"] = SshValueKind.Line,
            ["proxyjump"] = SshValueKind.Jumps,
            ["revokedhostkeys"] = SshValueKind.Words,
            ["serveralivecountmax"] = SshValueKind.Number,
            ["serveraliveinterval"] = SshValueKind.Duration,
            ["stricthostkeychecking"] = SshValueKind.HostKeyPolicy,
            ["user"] = SshValueKind.Word,
            ["userknownhostsfile"] = SshValueKind.Words,
        };
        const string Ignored = """
            addkeystoagent addressfamily batchmode bindaddress bindinterface canonicaldomains canonicalizefallbacklocal
            canonicalizehostname canonicalizemaxdots canonicalizepermittedcnames casignaturealgorithms channeltimeout
            checkhostip ciphers clearallforwardings compression connectionattempts controlmaster controlpath controlpersist
            dynamicforward enableescapecommandline enablesshkeysign escapechar exitonforwardfailure fingerprinthash
            forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports
            gssapiauthentication gssapidelegatecredentials gssapiclientidentity gssapikeyexchange gssapirenewalforcesrekey
            gssapiserveridentity gssapitrustdns gssapikexalgorithms hostbasedacceptedalgorithms hostbasedauthentication
            hostbasedkeytypes hostkeyalgorithms ipqos kbdinteractiveauthentication kbdinteractivedevices kexalgorithms
            knownhostscommand localcommand localforward loglevel logverbose macs nohostauthenticationforlocalhost
            numberofpasswordprompts obscurekeystroketiming passwordauthentication permitlocalcommand permitremoteopen
            pkcs11provider preferredauthentications proxyusefdpass pubkeyacceptedalgorithms pubkeyacceptedkeytypes
            pubkeyauthentication rekeylimit remotecommand remoteforward requesttty requiredrsasize
            securitykeyprovider sendenv sessiontype setenv smartcarddevice stdinnull streamlocalbindmask
            streamlocalbindunlink syslogfacility tag tcpkeepalive tunnel tunneldevice updatehostkeys verifyhostkeydns
            versionaddendum visualhostkey warnweakcrypto xauthlocation usekeychain
            afstokenpassing challengeresponseauthentication cipher compressionlevel dsaauthentication fallbacktorsh
            globalknownhostsfile2 keepalive kerberosauthentication kerberostgtpassing protocol protocolkeepalives
            rhostsauthentication rhostsrsaauthentication rsaauthentication setuptimeout skeyauthentication
            tisauthentication useprivilegedport usersh useroaming userknownhostsfile2
            """;
        foreach (var word in Ignored.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
            known[word] = SshValueKind.Ignored;
        return known.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
