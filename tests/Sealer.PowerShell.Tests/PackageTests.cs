using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;

namespace Sealer.PowerShell.Tests;

public sealed class PackageTests
{
    [Fact]
    public void The_packed_module_unpacked_into_a_module_path_imports()
    {
        var folder = Directory.CreateTempSubdirectory("sealer-package-").FullName;
        try
        {
            Pack(folder);
            var package = Path.Combine(folder, $"Sealer.{BuiltModule.Version}.nupkg");
            var module = Path.Combine(folder, "Modules", "Sealer", BuiltModule.Version);
            ZipFile.ExtractToDirectory(package, module);

            var nuspec = XDocument.Load(Path.Combine(module, "Sealer.nuspec")).Root!.Elements().Single();
            var tags = nuspec.Elements().Single(e => e.Name.LocalName == "tags").Value.Split(' ');
            Assert.Subset(tags.ToHashSet(), new HashSet<string> { "PSModule", "PSEdition_Core", "Linux", "MacOS", "Windows", "PSCmdlet_Get-ClusterImage" });
            Assert.DoesNotContain(nuspec.Elements(), e => e.Name.LocalName == "dependencies");
            Assert.Equal(Files(BuiltModule.Folder), Files(module).Intersect(Files(BuiltModule.Folder)));

            // A process of its own: this one has the module loaded from where the build put it.
            Assert.Contains("imported " + BuiltModule.Version, Import(Path.Combine(folder, "Modules")), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal);

    private static void Pack(string folder)
    {
        var configuration = AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug";
        Start(
            "dotnet",
            ["pack", Path.Combine(BuiltModule.Root, "src", "Sealer.PowerShell"), "--no-build", "--nologo", "-c", configuration, "-o", folder]);
    }

    private static string Import(string modulePath) => Start(
        "dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "Sealer.PowerShell.Tests.dll"),
            modulePath,
            "$null = Get-ClusterImage; 'imported ' + (Get-Module Sealer).Version",
        ]);

    private static string Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + errors.GetAwaiter().GetResult());
        return output;
    }
}
