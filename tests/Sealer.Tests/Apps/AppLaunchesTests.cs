using Sealer.Apps;
using Sealer.Clusterfiles;
using Sealer.Images;

namespace Sealer.Tests.Apps;

public sealed class AppLaunchesTests
{
    private static readonly ImageExtension Image = new()
    {
        Applications =
        [
            new Application { Name = "calico", Type = "kube", Files = ["calico.yaml", "more.yaml"] },
            new Application { Name = "redis", Type = "helm", Files = ["redis"] },
            new Application { Name = "job", Type = "shell", Files = ["run it.sh"] },
            new Application { Name = "own", Cmds = ["helm", "install", "own", "."] },
            new Application { Name = "odd" },
        ],
        Launch = new Launch { AppNames = ["calico", "redis"] },
    };

    private static readonly Dictionary<string, string> Files = new()
    {
        ["application/apps/calico/calico.yaml"] = "sha256:1",
        ["application/apps/redis/Chart.yaml"] = "sha256:2",
        ["manifests/own.yaml"] = "sha256:3",
        ["bin/kubectl"] = "sha256:4",
    };

    private static IReadOnlyList<AppLaunch> Of(string more = "", ImageExtension? image = null, Dictionary<string, string>? files = null) => AppLaunches.Of(
        Clusterfile.Read($"apiVersion: sealer.io/v2\nkind: Cluster\nmetadata: {{name: sky}}\nspec:\n  image: sky:v1\n  hosts:\n  - {{ips: [10.0.0.1], roles: [master]}}\n{more}").GetSpec(),
        image ?? Image, ["calico"], files ?? Files);

    [Fact]
    public void What_the_image_launches_is_launched_in_its_order_each_in_the_way_of_its_type()
    {
        var all = Of();
        Assert.Equal(["calico", "redis"], all.Select(launch => launch.Name));
        Assert.Equal([true, false], all.Select(launch => launch.IsNetwork));
        Assert.Equal("kubectl apply -f application/apps/calico/calico.yaml || exit 1\nkubectl apply -f application/apps/calico/more.yaml || exit 1\n", all[0].Script);
        Assert.Equal("helm upgrade --install redis application/apps/redis/\n", all[1].Script);
    }

    [Fact]
    public void What_it_has_in_the_API_can_be_asked_for_of_manifests_and_charts_only()
    {
        var all = Of("  appNames: [calico, redis, job, own]\n");
        Assert.Equal($"kubectl get -f application/apps/calico/calico.yaml -f application/apps/calico/more.yaml --ignore-not-found --no-headers -o {AppObject.Columns}\n", all[0].Listing);
        Assert.Contains("helm get manifest", all[1].Listing, StringComparison.Ordinal);
        Assert.Equal([null, null], all.Skip(2).Select(launch => launch.Listing));
        Assert.Null(Assert.Single(Of("  cmd: [echo]\n")).Listing);
    }

    [Fact]
    public void A_Clusterfile_names_others_or_none_or_commands_instead()
    {
        Assert.Equal(["job", "own"], Of("  appNames: [job, own]\n").Select(launch => launch.Name));
        Assert.Equal("bash 'application/apps/job/run it.sh' || exit 1\n", Of("  appNames: [job]\n")[0].Script);
        Assert.Equal("cd application/apps/own/ || exit 1\n{ helm install own .\n} || exit $?\n", Of("  appNames: [own]\n")[0].Script);
        Assert.Empty(Of("  appNames: ['']\n"));
        var commands = Of("  cmd: [kubectl apply -f manifests, 'echo done']\n");
        Assert.Equal("{ kubectl apply -f manifests\n} || exit $?\n{ echo done\n} || exit $?\n", Assert.Single(commands).Script);
        var image = Image with { Launch = new Launch { Cmds = ["echo image"] } };
        Assert.Equal("{ echo image\n} || exit $?\n", Assert.Single(Of("", image)).Script);
        Assert.Equal("redis", Assert.Single(Of("  appNames: [redis]\n", image)).Name);
    }

    [Fact]
    public void Another_file_of_an_application_makes_it_another_and_no_other()
    {
        var before = Of();
        var after = Of("", null, new Dictionary<string, string>(Files) { ["application/apps/redis/Chart.yaml"] = "sha256:5", ["bin/kubectl"] = "sha256:6" });
        Assert.Equal(before[0].Digest, after[0].Digest);
        Assert.NotEqual(before[1].Digest, after[1].Digest);
    }

    [Fact]
    public void What_the_image_does_not_have_or_cannot_start_is_said_before_anything_is_touched()
    {
        Assert.Equal("ApplicationHasNoStart", Assert.Throws<SealerException>(() => Of("  appNames: [odd]\n")).Id);
        var error = Assert.Throws<SealerException>(() => Of("  appNames: [redsi]\n"));
        Assert.Equal("ApplicationNotFound", error.Id);
        Assert.Contains("calico, redis, job", error.Message, StringComparison.Ordinal);
    }
}
