using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;
using Sealer.Loader;

namespace Sealer.PowerShell.Tests;

public sealed class ModuleTests
{
    private const string Exported = "Get-Command -Module Sealer | ForEach-Object Name";

    private static string[] Cmdlets { get; } = ListedInManifest();

    [Fact]
    public void The_packages_it_needs_lie_in_the_module()
    {
        var files = Directory.GetFiles(BuiltModule.Assemblies).Select(Path.GetFileName).ToList();
        Assert.Contains("Sealer.dll", files);
        Assert.Contains("YamlDotNet.dll", files);
        Assert.Contains("SharpCompress.dll", files);
        Assert.Contains("ZstdSharp.dll", files);
    }

    [Fact]
    public void PowerShell_itself_does_not_lie_in_the_module() =>
        Assert.Empty(Directory.GetFiles(BuiltModule.Folder, "System.Management.Automation*", SearchOption.AllDirectories));

    [Fact]
    public void A_stray_PowerShell_in_the_folder_is_not_loaded()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            File.Copy(typeof(PSObject).Assembly.Location, Path.Combine(folder.FullName, "System.Management.Automation.dll"));
            var context = new ModuleLoadContext(folder.FullName);
            Assert.Same(typeof(PSObject).Assembly, context.LoadFromAssemblyName(new AssemblyName("System.Management.Automation")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_cmdlet_of_the_manifest_is_exported()
    {
        using var session = new Session();
        Assert.Equal(Cmdlets.Order(), session.Run(Exported).Select(o => o.ToString()).Order());
    }

    [Fact]
    public void Import_Force_exports_everything_again()
    {
        using var session = new Session();
        session.Run($"Import-Module '{BuiltModule.Manifest}' -Force");
        Assert.Equal(Cmdlets.Length, session.Run(Exported).Count);
        session.Run("Get-ClusterImage");
    }

    [Fact]
    public void A_prefix_gives_every_cmdlet_its_name()
    {
        using var session = new Session(import: false);
        session.Run($"Import-Module '{BuiltModule.Manifest}' -Prefix Our");
        Assert.All(session.Run(Exported), name => Assert.Contains("-Our", name.ToString(), StringComparison.Ordinal));
        session.Run("Get-OurClusterImage");
    }

    [Fact]
    public void Removed_and_imported_again_it_works()
    {
        using var session = new Session();
        session.Run("Remove-Module Sealer");
        Assert.Empty(session.Run(Exported));
        session.Run($"Import-Module '{BuiltModule.Manifest}'; Get-ClusterImage; Sealer\\Get-ClusterImage");
        Assert.Equal(Cmdlets.Length, session.Run(Exported).Count);
    }

    [Fact]
    public void It_works_in_many_runspaces_at_once()
    {
        using var session = new Session(import: false);
        var output = session.Run(
            $$"""
            1..8 | ForEach-Object -ThrottleLimit 4 -Parallel {
                Import-Module '{{BuiltModule.Manifest}}'
                $null = Get-ClusterImage
                [Sealer.Platform]::Parse("linux/amd64").ToString() + $_
            }
            """);
        Assert.Equal(8, output.Distinct().Count());
    }

    [Fact]
    public void Public_types_have_names()
    {
        using var session = new Session();
        Assert.Equal("linux/arm64", Single("[Sealer.Platform]::Parse('linux/aarch64').ToString()"));
        Assert.Equal(true, Single("[Sealer.Images.Platform]::Parse('linux/amd64') -is [Sealer.Platform]"));
        Assert.Equal(true, Single("[Sealer.SealerException]::new('Id', 'NotFound', 'text', $null, $null) -is [System.Exception]"));
        Assert.Equal("amd64", Single("function f([Sealer.Platform] $p) { $p.Architecture }; f ([Sealer.Platform]::Parse('linux/amd64'))"));
        Assert.Equal("InvalidPlatform", Single("try { [Sealer.Platform]::Parse('x') } catch [Sealer.SealerException] { $_.Exception.Id }"));

        object Single(string script) => Assert.Single(session.Run(script)).BaseObject;
    }

    [Fact]
    public void Type_names_go_when_the_last_session_removes_the_module()
    {
        // PowerShell remembers a name that it has looked up once; so the table of names itself is looked at.
        const string names = "[psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')::Get.Keys -like 'Sealer.*'";
        using var first = new Session();
        var second = new Session();
        first.Run("Remove-Module Sealer");
        Assert.Contains("Sealer.Images.Platform", first.Run(names).Select(o => o.ToString()));
        // A session that ends without Remove-Module does not hold them for ever.
        second.Dispose();
        first.Run($"Import-Module '{BuiltModule.Manifest}'; Remove-Module Sealer");
        Assert.Empty(first.Run(names));
    }

    [Fact]
    public void Its_assemblies_are_its_own_beside_other_modules_copies()
    {
        var folder = Directory.CreateTempSubdirectory("sealer-alc-");
        try
        {
            using var session = new Session();
            Directory.CreateDirectory(Path.Combine(folder.FullName, "manifests"));
            File.WriteAllText(Path.Combine(folder.FullName, "Kubefile"), "FROM scratch\nCOPY manifests manifests\n");
            File.WriteAllText(Path.Combine(folder.FullName, "manifests", "a.yaml"), "kind: Pod\n");
            // YAML is read, a zstd layer written, and an archive looked into that no reader of ours knows.
            var tar = Path.Combine(folder.FullName, "a.tar");
            session.Run($"$null = Build-ClusterImage '{folder.FullName}' -Tag alc:v1 -Platform linux/amd64; Test-ClusterImage alc:v1; Export-ClusterImage alc:v1 '{tar}'; Remove-ClusterImage alc:v1; Test-ClusterImage -Path '{tar}'");
            // The beginning of a connection is as far as this needs to go.
            session.Try("$null = Get-ClusterHost -Address root@127.0.0.1:1 -SshConfig none -Credential ([pscredential]::new('root', [securestring]::new()))");
            Assert.Equal("HostUnreachable,Sealer.PowerShell.GetClusterHost", Assert.Single(session.Errors).FullyQualifiedErrorId);
            var context = AssemblyLoadContext.All.Single(c => c.Name == "Sealer" && c.Assemblies.Any(a => a.GetName().Name == "Sealer.PowerShell"));
            Assert.Contains(context.Assemblies, a => a.GetName().Name == "Renci.SshNet");
            foreach (var name in BuiltModule.Foreign)
            {
                var theirs = AssemblyLoadContext.Default.Assemblies.Single(a => a.GetName().Name == name);
                var path = Path.Combine(BuiltModule.Assemblies, name + ".dll");
                var ours = context.LoadFromAssemblyName(new AssemblyName(name));
                Assert.Equal(path, ours.Location);
                Assert.NotEqual(theirs.GetName().Version, ours.GetName().Version);
            }

            Assert.Contains(context.Assemblies, a => a.GetName().Name == "YamlDotNet");
            Assert.Contains(context.Assemblies, a => a.GetName().Name == "ZstdSharp");
            Assert.DoesNotContain(context.Assemblies, a => a.GetName().Name == "System.Management.Automation");
            Assert.DoesNotContain(AssemblyLoadContext.Default.Assemblies, a => a.GetName().Name is "Sealer" or "Sealer.PowerShell");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Whatever_an_assembly_of_it_needs_lies_in_it_or_comes_with_PowerShell()
    {
        var inside = Directory.GetFiles(BuiltModule.Assemblies, "*.dll").ToDictionary(f => Path.GetFileNameWithoutExtension(f)!);
        var runtime = Directory.GetFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "*.dll").Select(Path.GetFileNameWithoutExtension).ToHashSet();
        foreach (var (name, path) in inside)
        {
            using var reader = new PEReader(File.OpenRead(path));
            var metadata = reader.GetMetadataReader();
            foreach (var reference in metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name)))
                Assert.True(inside.ContainsKey(reference) || runtime.Contains(reference) || reference == "System.Management.Automation", $"{name} needs {reference}");
        }
    }

    [Fact]
    public void Another_modules_cmdlet_that_it_hides_is_told_and_both_can_be_called()
    {
        using var session = new Session(import: false);
        // As FailoverClusters has them: real cmdlets, in an assembly.
        session.Run($"Import-Module '{typeof(Async.GetForeignClusterImage).Assembly.Location}'; Import-Module '{BuiltModule.Manifest}'");
        Assert.Contains("Get-ClusterImage hides Sealer.PowerShell.Tests\\Get-ClusterImage", Assert.Single(session.Warnings), StringComparison.Ordinal);
        Assert.Equal("theirs", session.Run("Sealer.PowerShell.Tests\\Get-ClusterImage")[0].ToString());
        Assert.Empty(session.Run("Sealer\\Get-ClusterImage nothing*"));
        Assert.Empty(session.Run("Get-ClusterImage nothing*"));
    }

    [Fact]
    public void With_a_prefix_another_modules_cmdlet_keeps_its_name()
    {
        using var session = new Session(import: false);
        session.Run($"Import-Module '{typeof(Async.GetForeignClusterImage).Assembly.Location}'; Import-Module '{BuiltModule.Manifest}' -Prefix Our");
        Assert.Empty(session.Warnings);
        Assert.Equal("theirs", session.Run("Get-ClusterImage")[0].ToString());
        Assert.Empty(session.Run("Get-OurClusterImage nothing*"));
    }

    [Fact]
    public void Another_modules_function_that_hides_ours_is_told_once()
    {
        using var session = new Session(import: false);
        session.Run(
            """
            New-Module FailoverClusters { function Get-ClusterImage { 'theirs' } } | Import-Module
            New-Module PowerCLI { function Get-Unrelated { } } | Import-Module
            """);
        session.Run($"Import-Module '{BuiltModule.Manifest}'");
        var warning = Assert.Single(session.Warnings);
        Assert.Contains("Get-ClusterImage is hidden by FailoverClusters\\Get-ClusterImage; call Sealer\\Get-ClusterImage", warning, StringComparison.Ordinal);
        Assert.Equal("theirs", session.Run("FailoverClusters\\Get-ClusterImage")[0].ToString());
        session.Run("Sealer\\Get-ClusterImage");
    }

    [Theory]
    [InlineData("-Prefix Our")]
    [InlineData("-NoClobber")]
    public void Nothing_is_told_where_nothing_is_hidden(string how)
    {
        using var session = new Session(import: false);
        session.Run("New-Module FailoverClusters { function Get-ClusterImage { 'theirs' } } | Import-Module");
        session.Run($"$how = '{how}'; Import-Module '{BuiltModule.Manifest}' {how}");
        Assert.Empty(session.Warnings);
    }

    [Fact]
    public void Every_verb_is_approved()
    {
        var approved = typeof(PSObject).Assembly.GetExportedTypes()
            .Where(type => type.Name.StartsWith("Verbs", StringComparison.Ordinal) && type.IsAbstract && type.IsSealed)
            .SelectMany(type => type.GetFields())
            .Select(field => (string)field.GetRawConstantValue()!)
            .ToHashSet();
        Assert.All(Cmdlets, name => Assert.Contains(name[..name.IndexOf('-', StringComparison.Ordinal)], approved));
    }

    [Fact]
    public void The_manifest_exports_nothing_by_wildcard()
    {
        var manifest = (System.Collections.IDictionary)ManifestAst().SafeGetValue();
        Assert.Equal(BuiltModule.Version, manifest["ModuleVersion"]);
        Assert.All(new[] { "FunctionsToExport", "VariablesToExport", "AliasesToExport" }, key => Assert.Empty((object[])manifest[key]!));
        Assert.DoesNotContain(Cmdlets, name => name.Contains('*', StringComparison.Ordinal));
    }

    [Fact]
    public void The_folder_holds_nothing_but_the_module()
    {
        var files = Directory.GetFiles(BuiltModule.Folder, "*", SearchOption.AllDirectories).Select(Path.GetExtension);
        Assert.Subset(new HashSet<string?> { ".psd1", ".psm1", ".ps1xml", ".dll", ".txt", ".xml", "" }, files.ToHashSet());
    }

    private static string[] ListedInManifest() =>
        [.. ((object[])((System.Collections.IDictionary)ManifestAst().SafeGetValue())["CmdletsToExport"]!).Cast<string>()];

    private static HashtableAst ManifestAst() =>
        (HashtableAst)Parser.ParseFile(BuiltModule.Manifest, out _, out _).Find(ast => ast is HashtableAst, searchNestedScriptBlocks: false);
}
