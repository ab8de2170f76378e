using System.Collections.Frozen;

namespace Sealer.Registries.Authentication;

/// <summary>
/// Domains under which strangers have names side by side: what the Public Suffix List holds, as far as a web server of
/// anybody's can stand there. The list as a whole (10,000 rules, most of them of places and of sites that serve pages
/// only) would have to be kept current; one that is missing here makes a realm believed that names a neighbour, which
/// only a registry that is hostile itself could do.
/// </summary>
internal static class SharedDomains
{
    private static readonly FrozenSet<string> Hosters = (
        // Registries as a service.
        "azurecr.cn azurecr.io azurecr.us cloudsmith.io gcr.io icr.io jfrog.io ocir.io pkg.dev tencentcloudcr.com "
        // Amazon, Microsoft, Google, IBM, Oracle, DigitalOcean and others.
        + "amazonaws.com amazonaws.com.cn amplifyapp.com awsapprunner.com cloudfront.net elasticbeanstalk.com on.aws "
        + "azure-api.net azurecontainer.io azurecontainerapps.io azureedge.net azurefd.net azurewebsites.net cloudapp.azure.com "
        + "cloudapp.net devtunnels.ms trafficmanager.net usgovcloudapp.net windows.net "
        + "appspot.com cloudfunctions.net firebaseapp.com googleapis.com run.app web.app withgoogle.com "
        + "appdomain.cloud mybluemix.net oraclecloud.com oraclecloudapps.com digitaloceanspaces.com ondigitalocean.app "
        + "cr.de-fra.ionos.com linodeusercontent.com ovh.net rhcloud.com openshiftapps.com scw.cloud your-server.de "
        // Chinese clouds.
        + "alicontainer.com aliyuncs.com baidubce.com bcebos.com ivolces.com ksyuncs.com myhuaweicloud.com myqcloud.com "
        + "tcloudbaseapp.com tencentcs.com volces.com "
        // Where anybody runs an application.
        + "cleverapps.io code.run csb.app deno.dev edgecompute.app fly.dev gitpod.io github.dev glitch.me herokuapp.com "
        + "koyeb.app netlify.app northflank.app now.sh okteto.dev okteto.net onrender.com pages.dev platformsh.site "
        + "r2.dev railway.app repl.co replit.app replit.dev surge.sh up.railway.app vercel.app workers.dev "
        + "github.io gitlab.io githubusercontent.com "
        // Tunnels, and names for any address.
        + "loca.lt lhr.life localhost.run localtest.me ngrok-free.app ngrok-free.dev ngrok.app ngrok.dev ngrok.io nip.io "
        + "serveo.net sslip.io traefik.me trycloudflare.com ts.net xip.io "
        + "ddns.net ddnss.de dnsalias.com duckdns.org dyndns.org dynv6.net freeddns.org gotdns.org homeip.net hopto.org "
        + "i234.me mooo.com myqnapcloud.com no-ip.org quickconnect.to selfhost.eu spdns.de synology.me sytes.net zapto.org")
        .Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What countries put in the place of <c>com</c>, <c>org</c> and the like, below their own two letters.</summary>
    private static readonly FrozenSet<string> SecondLevels = (
        "ac ad asn biz co com ed edu gob gov go gr gv id idv in info lg ltd me mil muni name ne net nom or org plc pro sch web")
        .Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>True where having a name below <paramref name="domain"/> proves nothing about whose it is.</summary>
    /// <param name="domain">In lower case, without a dot at its end.</param>
    public static bool Contain(string domain)
    {
        var labels = domain.Split('.');
        if (labels.Length < 2)
            return true;
        if (labels.Length == 2 && labels[1].Length == 2 && SecondLevels.Contains(labels[0]))
            return true;

        // What lies below is shared too: regions and services of a hoster are no customer's own.
        return Enumerable.Range(0, labels.Length - 1).Any(i => Hosters.Contains(string.Join('.', labels[i..])));
    }
}
